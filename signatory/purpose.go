package signatory

import (
	"context"

	"google.golang.org/grpc/metadata"

	"mintmark/signatory/internal/wire"
)

// Purpose says why something is to be signed, where that makes a difference. The
// zero value is the ordinary one.
type Purpose string

// MeltChange is the change of a melt that was accepted while the keyset of its
// blank outputs was active (NUT-08). The keyset may have been retired while the
// payment was under way; another one may not take its place, because the wallet
// would look for its change in vain. A signatory that allows it signs with a
// retired keyset for this purpose, for some time and up to a budget. It answers as
// ever while the keyset is active, and a signatory that does not know purposes
// does not look at it: so it can be given with all change.
const MeltChange Purpose = wire.PurposeMeltChange

type purposeKey struct{}

// WithPurpose says what BlindSign is called for. Where the purpose is lost on the
// way, less is signed, never more.
func WithPurpose(ctx context.Context, p Purpose) context.Context {
	return context.WithValue(ctx, purposeKey{}, p)
}

func purposeOf(ctx context.Context) Purpose {
	p, _ := ctx.Value(purposeKey{}).(Purpose)
	return p
}

// purposeful sends the purpose along, as metadata: the messages of the contract
// with CDK stay as they are.
func purposeful(ctx context.Context) context.Context {
	if p := purposeOf(ctx); p != "" {
		return metadata.AppendToOutgoingContext(ctx, wire.PurposeHeader, string(p))
	}
	return ctx
}
