package signatory

import (
	"context"
	"strconv"

	"google.golang.org/grpc/metadata"

	"mintmark/internal/requestid"
	"mintmark/internal/traceparent"
	"mintmark/signatory/internal/wire"
)

// outgoing is what every call takes along besides its message. All metadata is added
// here: the header without which a signatory refuses a call, and of what ctx says the
// ids of the requests that the call is for, and the place in a trace of the first of
// them. The messages of the contract with CDK
// stay as they are.
func outgoing(ctx context.Context) context.Context {
	ids := requestid.Of(ctx)
	ctx = metadata.AppendToOutgoingContext(ctx, wire.VersionHeader, strconv.Itoa(wire.SchemaVersion))
	if len(ids) > 0 {
		ctx = metadata.AppendToOutgoingContext(ctx, wire.RequestsHeader, requestid.Format(ids))
	}
	if text := traceparent.Of(ctx); text != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, traceparent.Header, text)
	}
	return ctx
}
