package server

import (
	"context"
	"path"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"mintmark/keystore"
)

type clientKey struct{}

// clientOf is who calls. It is there in every handler.
func clientOf(ctx context.Context) *Client {
	c, ok := ctx.Value(clientKey{}).(*Client)
	if !ok {
		return &Client{Name: "nobody"} // no roles: a handler that asks gets a no
	}
	return c
}

func identityOf(ctx context.Context) identity { return callerOf(ctx).identity }

func callerOf(ctx context.Context) caller {
	if p, ok := peer.FromContext(ctx); ok {
		if c, ok := p.AuthInfo.(caller); ok {
			return c
		}
	}
	return caller{}
}

// authorize finds out who calls and whether they may. It asks anew at every
// call: a connection does not outlive the right to it.
func (a around) authorize(ctx context.Context, method string) (context.Context, error) {
	if err := a.force.trusts(callerOf(ctx)); err != nil {
		return ctx, status.Error(codes.PermissionDenied, err.Error())
	}
	who, err := a.find(identityOf(ctx))
	if err != nil {
		return ctx, status.Error(codes.PermissionDenied, err.Error())
	}
	needed := a.access[method]
	if !who.Roles.Any(needed) {
		a.journal.raise(ctx, alarm{keystore.AuditRefuse, who.Name, path.Base(method)}, "it has not the role")
		return ctx, status.Errorf(codes.PermissionDenied, "the client %s may not call %s: its roles are %s, and it takes one of %s",
			who.Name, path.Base(method), who.Roles, needed)
	}
	return context.WithValue(ctx, clientKey{}, who), nil
}

func (a around) authorizeCall(ctx context.Context, in any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	ctx, err := a.authorize(ctx, info.FullMethod)
	if err != nil {
		return nil, err
	}
	return next(ctx, in)
}

func (a around) authorizeStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	rights := a.force.Load() // before the question, or a reload in between would be missed
	ctx, err := a.authorize(stream.Context(), info.FullMethod)
	if err != nil {
		return err
	}
	// A stream does not outlive the right to it either: it ends with a reload, and
	// whoever may comes back.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(rights.replaced, func() { cancel(errReplaced) })()
	return next(srv, boundStream{stream, ctx})
}

// queueCall makes calls that cost something wait for their turn.
func (a around) queueCall(ctx context.Context, in any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	n, ok := countItems(in)
	if !ok {
		return next(ctx, in)
	}
	leave, err := a.queue.enter(ctx, clientOf(ctx), n)
	if err != nil {
		return nil, err
	}
	defer leave()
	return next(ctx, in)
}
