package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pb "mintmark/proto/signatory"
	"mintmark/signatory/internal/wire"
)

// around is what happens around every call.
type around struct {
	log         *slog.Logger
	find        finder
	force       *inForce
	open        bool // there is no clients file
	access      map[string]Roles
	queue       *queue
	journal     *journal
	meter       Meter
	vault       *vault // nil: the keys are always there
	callTimeout time.Duration
	ending      context.Context // done when streams have to end
}

func (a around) recoverCall(ctx context.Context, in any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (out any, err error) {
	defer a.recovered(ctx, info.FullMethod, &err)
	return next(ctx, in)
}

func (a around) recoverStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	defer a.recovered(stream.Context(), info.FullMethod, &err)
	return next(srv, stream)
}

// recovered turns a panic into an error. One broken call must not end the calls
// of others; what it was about goes to our log.
func (a around) recovered(ctx context.Context, method string, err *error) {
	if p := recover(); p != nil {
		*err = &hidden{fmt.Errorf("panic: %v", p)}
		a.log.ErrorContext(ctx, "call panicked", "method", method, "stack", string(debug.Stack()))
	}
}

func (a around) checkCall(ctx context.Context, in any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if err := checkVersion(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	return next(ctx, in)
}

func (a around) checkStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if err := checkVersion(stream.Context(), info.FullMethod); err != nil {
		return err
	}
	return next(srv, stream)
}

// checkVersion reads the header that CDK's contract asks for. Version 1 lacks
// subscriptions and is otherwise the same. Other services, like health, need no
// header.
func checkVersion(ctx context.Context, method string) error {
	if !strings.HasPrefix(method, "/"+pb.Signatory_ServiceDesc.ServiceName+"/") {
		return nil
	}
	md, _ := metadata.FromIncomingContext(ctx)
	sent := md.Get(wire.VersionHeader)
	if len(sent) != 1 {
		return status.Errorf(codes.FailedPrecondition, "missing %s header: send it once, with value %d", wire.VersionHeader, wire.SchemaVersion)
	}
	speaks := []string{"1", "2"}
	if method == pb.Signatory_SubscribeKeysets_FullMethodName {
		speaks = speaks[1:]
	}
	if !slices.Contains(speaks, sent[0]) {
		return status.Errorf(codes.FailedPrecondition, "%s mismatch: server speaks %s, client sent %.16q",
			wire.VersionHeader, strings.Join(speaks, " and "), sent[0])
	}
	return nil
}

func (a around) limitCall(ctx context.Context, in any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, a.callTimeout)
	defer cancel()
	return next(ctx, in)
}

// limitStream ends a stream when the server ends: calls under way may still
// finish, but a subscription never would.
func (a around) limitStream(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	ctx, cancel := context.WithCancelCause(stream.Context())
	defer cancel(nil)
	defer context.AfterFunc(a.ending, func() {
		cancel(status.Error(codes.Unavailable, "the signatory is shutting down"))
	})()
	err := next(srv, boundStream{stream, ctx})
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if errors.Is(err, context.Canceled) {
		return status.Error(codes.Canceled, "the client went away")
	}
	return err
}

type boundStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s boundStream) Context() context.Context { return s.ctx }
