package server

import (
	"context"
	"log/slog"
	"path"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"mintmark/internal/requestid"
	"mintmark/internal/traceparent"
	pb "mintmark/proto/signatory"
	"mintmark/signatory/internal/wire"
)

// logCall writes one line for each call: who, what, how many, how long, and what
// came of it. Never what was signed or verified.
func (a around) logCall(ctx context.Context, in any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	started := time.Now()
	out, err := next(ctx, in)
	level := slog.LevelDebug
	if info.FullMethod == pb.Signatory_RotateKeyset_FullMethodName {
		level = slog.LevelInfo
	}
	refusal := inBandError(out)
	if refusal != nil {
		level = slog.LevelInfo
	}
	level = max(level, failureLevel(err))
	if !a.log.Enabled(ctx, level) {
		return out, err
	}
	attrs := a.callAttrs(ctx, info.FullMethod, started, err)
	if n, ok := countItems(in); ok {
		attrs = append(attrs, slog.Int("items", n))
	}
	if refusal != nil {
		attrs = append(attrs, slog.Int("code", int(refusal.GetCode())), slog.Int("nut_code", int(refusal.GetNutCode())),
			slog.String("refusal", refusal.GetDetail()))
	}
	if answer, ok := out.(*pb.BooleanResponse); ok && err == nil && refusal == nil {
		attrs = append(attrs, slog.Bool("valid", answer.GetSuccess()))
	}
	a.log.LogAttrs(ctx, level, "call", attrs...)
	return out, err
}

func (a around) logStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	ctx, started := stream.Context(), time.Now()
	a.log.DebugContext(ctx, "stream begins", "method", path.Base(info.FullMethod), "peer", a.peerName(ctx))
	err := next(srv, stream)
	a.log.LogAttrs(ctx, max(slog.LevelInfo, failureLevel(err)), "stream ended", a.callAttrs(ctx, info.FullMethod, started, err)...)
	return err
}

func (a around) callAttrs(ctx context.Context, method string, started time.Time, err error) []slog.Attr {
	attrs := make([]slog.Attr, 0, 8)
	attrs = append(attrs,
		slog.String("method", path.Base(method)),
		slog.String("peer", a.peerName(ctx)),
		slog.Duration("duration", time.Since(started)),
		slog.String("outcome", status.Code(err).String()))
	if ids := requestsOf(ctx); len(ids) > 0 {
		attrs = append(attrs, slog.String("requests", requestid.Format(ids)))
	}
	if id := traceOf(ctx); id != "" {
		attrs = append(attrs, slog.String("trace", id))
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	return attrs
}

// traceOf names the trace that a call belongs to, which is a claim too.
func traceOf(ctx context.Context) string {
	md, _ := metadata.FromIncomingContext(ctx)
	if sent := md.Get(traceparent.Header); len(sent) == 1 {
		return traceparent.Trace(sent[0])
	}
	return ""
}

// requestsOf names the requests of the mint that a call is for, as the mint's own log
// does. It is a claim, good for finding lines and for nothing else.
func requestsOf(ctx context.Context) []string {
	md, _ := metadata.FromIncomingContext(ctx)
	if sent := md.Get(wire.RequestsHeader); len(sent) == 1 {
		return requestid.Parse(sent[0])
	}
	return nil
}

// failureLevel: our own fault is an error, the client's a warning, its going away
// neither.
func failureLevel(err error) slog.Level {
	switch status.Code(err) {
	case codes.OK:
		return slog.LevelDebug
	case codes.Canceled, codes.Unavailable:
		return slog.LevelInfo
	case codes.Internal, codes.Unknown:
		return slog.LevelError
	}
	return slog.LevelWarn
}

func countItems(in any) (int, bool) {
	switch in := in.(type) {
	case *pb.BlindedMessages:
		return len(in.GetBlindedMessages()), true
	case *pb.Proofs:
		return len(in.GetProof()), true
	}
	return 0, false
}

func inBandError(out any) *pb.Error {
	// A typed nil comes with every failed call; the getters know it.
	answer, ok := out.(interface{ GetError() *pb.Error })
	if !ok {
		return nil
	}
	return answer.GetError()
}

// peerName names the client: as the clients file does, or, without one, as its
// certificate does, or the way that it came.
func (a around) peerName(ctx context.Context) string {
	id := identityOf(ctx)
	who, err := a.find(id)
	switch {
	case err != nil || a.open:
		return id.short()
	case id.kind == socket:
		return who.Name + " " + id.String() // several processes may be one client
	}
	return who.Name
}
