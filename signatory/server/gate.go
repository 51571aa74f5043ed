package server

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "mintmark/proto/signatory"
	adminpb "mintmark/proto/signatory/admin/v1"
)

// whileLocked are the calls of the operator that need no key and no database.
var whileLocked = map[string]bool{
	adminpb.AdminService_Status_FullMethodName:  true,
	adminpb.AdminService_Budgets_FullMethodName: true,
	adminpb.AdminService_Lock_FullMethodName:    true,
	adminpb.AdminService_Unlock_FullMethodName:  true,
}

// gate turns away what needs a key while there is none.
func (a around) gate(method string) error {
	switch {
	case !a.vault.locked() || whileLocked[method]:
		return nil
	case ofMints(method):
		return errLocked
	case strings.HasPrefix(method, "/"+adminpb.AdminService_ServiceDesc.ServiceName+"/"):
		return status.Error(codes.FailedPrecondition, errLocked.Error())
	}
	return nil // health
}

func ofMints(method string) bool {
	return strings.HasPrefix(method, "/"+pb.Signatory_ServiceDesc.ServiceName+"/")
}

// gateCall also stops the calls of mints that a lock finds under way.
func (a around) gateCall(ctx context.Context, in any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	session := a.vault.during() // before the gate, or a lock in between would be missed
	if err := a.gate(info.FullMethod); err != nil {
		return nil, err
	}
	if !ofMints(info.FullMethod) {
		return next(ctx, in)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(session, cancel)()
	out, err := next(ctx, in)
	if err != nil && session.Err() != nil {
		return nil, errLocked
	}
	return out, err
}

// gateStream ends the subscriptions that a lock finds under way: the mint comes
// back, and finds out when there is something to read again.
func (a around) gateStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	session := a.vault.during()
	if err := a.gate(info.FullMethod); err != nil {
		return err
	}
	if !ofMints(info.FullMethod) {
		return next(srv, stream)
	}
	ctx, cancel := context.WithCancelCause(stream.Context())
	defer cancel(nil)
	defer context.AfterFunc(session, func() { cancel(errLocked) })()
	err := next(srv, boundStream{stream, ctx})
	if session.Err() != nil {
		return errLocked
	}
	return err
}
