package signatory

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"mintmark/cashu"
	pb "mintmark/proto/signatory"
	"mintmark/signatory/internal/sample"
	"mintmark/signatory/internal/wire"
)

// Client is a Signatory in another process, over gRPC. It may be used by many
// goroutines.
type Client struct {
	conn     *grpc.ClientConn
	rpc      pb.SignatoryClient
	deadline time.Duration
	dleq     DLEQCheck
	sampler  sample.Sampler
	// seen is what the last snapshot held: its keys are shared with the next
	// one, and DLEQ proofs are verified against them.
	seen atomic.Pointer[map[cashu.KeysetID]cashu.Keyset]
}

var _ Signatory = (*Client)(nil)

// Dial makes a client. It does not wait for the signatory, and does not fail
// because it is away.
func Dial(cfg ClientConfig) (*Client, error) {
	cfg = cfg.withDefaults()
	to, err := cfg.resolve()
	if err != nil {
		return nil, fmt.Errorf("configuring the signatory client: %w", err)
	}
	conn, err := grpc.NewClient("passthrough:///"+to.authority, to.options(cfg)...)
	if err != nil {
		return nil, fmt.Errorf("configuring the signatory client: %w", err)
	}
	return &Client{conn: conn, rpc: pb.NewSignatoryClient(conn), deadline: cfg.Deadline, dleq: cfg.DLEQ}, nil
}

// Close ends all calls and the connection.
func (c *Client) Close() error { return c.conn.Close() }

// BlindSign implements Signatory. No messages give no signatures. A purpose of ctx
// (WithPurpose) goes along.
func (c *Client) BlindSign(ctx context.Context, messages []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
	const doing = "blind signing"
	if len(messages) == 0 {
		return nil, nil
	}
	if len(messages) > MaxItems {
		return nil, cashu.Errorf(cashu.CodeTooManyOutputs, "%d outputs, at most %d", len(messages), MaxItems)
	}
	callCtx, cancel := context.WithTimeout(purposeful(outgoing(ctx)), c.deadline)
	defer cancel()
	answer, err := c.rpc.BlindSign(callCtx, wire.BlindedMessages(messages))
	if err != nil {
		return nil, callFailed(ctx, doing, err)
	}
	if answer.GetError() != nil {
		return nil, refused(doing, answer.GetError(), cashu.CodeDuplicateOutputs)
	}
	signatures, err := wire.ParseBlindSignatures(answer.GetSigs())
	if err != nil {
		return nil, badAnswer(doing, err)
	}
	if err := fits(messages, signatures); err != nil {
		return nil, badAnswer(doing, err)
	}
	if err := c.verifyDLEQ(ctx, messages, signatures); err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	return signatures, nil
}

// VerifyProofs implements Signatory.
func (c *Client) VerifyProofs(ctx context.Context, proofs []cashu.Proof) error {
	const doing = "verifying proofs"
	if len(proofs) == 0 {
		return fmt.Errorf("%s: %w: there are none", doing, ErrRefused)
	}
	if len(proofs) > MaxItems {
		return cashu.Errorf(cashu.CodeTooManyInputs, "%d inputs, at most %d", len(proofs), MaxItems)
	}
	callCtx, cancel := context.WithTimeout(outgoing(ctx), c.deadline)
	defer cancel()
	answer, err := c.rpc.VerifyProofs(callCtx, wire.Proofs(proofs))
	switch {
	case err != nil:
		return callFailed(ctx, doing, err)
	case answer.GetError() != nil:
		return refused(doing, answer.GetError(), cashu.CodeDuplicateInputs)
	case !answer.GetSuccess():
		return cashu.ErrProofInvalid
	}
	return nil
}

// Keysets implements Signatory.
func (c *Client) Keysets(ctx context.Context) (Snapshot, error) {
	const doing = "reading keysets"
	callCtx, cancel := context.WithTimeout(outgoing(ctx), c.deadline)
	defer cancel()
	answer, err := c.rpc.Keysets(callCtx, &pb.EmptyRequest{})
	if err != nil {
		return Snapshot{}, callFailed(ctx, doing, err)
	}
	return c.snapshot(doing, answer)
}

// RotateKeyset implements Signatory.
func (c *Client) RotateKeyset(ctx context.Context, r RotateRequest) (cashu.Keyset, error) {
	const doing = "rotating the keyset"
	request := &pb.RotationRequest{
		Unit:         wire.Unit(r.Unit),
		InputFeePpk:  r.InputFeePPK,
		KeysetIdType: wire.IDType(r.IDVersion),
	}
	for _, a := range r.Amounts {
		request.Amounts = append(request.Amounts, uint64(a))
	}
	if r.FinalExpiry != 0 {
		request.FinalExpiry = &r.FinalExpiry
	}
	callCtx, cancel := context.WithTimeout(outgoing(ctx), c.deadline)
	defer cancel()
	answer, err := c.rpc.RotateKeyset(callCtx, request)
	if err != nil {
		return cashu.Keyset{}, callFailed(ctx, doing, err)
	}
	if answer.GetError() != nil {
		return cashu.Keyset{}, refused(doing, answer.GetError(), cashu.CodeMalformed)
	}
	keyset, err := wire.ParseKeyset(answer.GetKeyset(), nil)
	if err != nil {
		return cashu.Keyset{}, badAnswer(doing, err)
	}
	if err := asRequested(r, keyset); err != nil {
		return cashu.Keyset{}, badAnswer(doing, err)
	}
	return keyset, nil
}
