package signatory

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"mintmark/bdhke"
	"mintmark/cashu"
	pb "mintmark/proto/signatory"
	"mintmark/signatory/internal/wire"
)

// callFailed says what a failed call means. ctx is the caller's own context, not
// the one with our deadline.
func callFailed(ctx context.Context, doing string, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("%s: %w", doing, context.Canceled)
	}
	s := status.Convert(err)
	switch s.Code() {
	case codes.DeadlineExceeded:
		return fmt.Errorf("%s: %w: %w", doing, ErrUnavailable, context.DeadlineExceeded)
	case codes.Unavailable, codes.Canceled, codes.Aborted, codes.ResourceExhausted,
		codes.FailedPrecondition, codes.Unauthenticated, codes.PermissionDenied, codes.Unimplemented:
		return fmt.Errorf("%s: %w: %s", doing, ErrUnavailable, s.Message())
	}
	return fmt.Errorf("%s: %w: %s: %s", doing, ErrRefused, s.Code(), s.Message())
}

// refused says what an error in the answer means. An unknown code is an error
// like any other.
func refused(doing string, e *pb.Error, duplicates cashu.Code) error {
	if known := wire.ParseError(e, duplicates); known != nil {
		return known
	}
	return fmt.Errorf("%s: %w: code %d: %s", doing, ErrRefused, e.GetCode(), wire.Detail(e))
}

func badAnswer(doing string, err error) error {
	return fmt.Errorf("%s: %w: %w", doing, ErrBadAnswer, err)
}

// fits tells whether the signatures are one for each message, in their order.
// That each is of its own B_ only a DLEQ proof can tell.
func fits(messages []cashu.BlindedMessage, signatures []cashu.BlindSignature) error {
	if len(signatures) != len(messages) {
		return fmt.Errorf("%d signatures for %d messages", len(signatures), len(messages))
	}
	for i, m := range messages {
		switch s := signatures[i]; {
		case s.Amount != m.Amount:
			return fmt.Errorf("signature %d is of another amount", i)
		case s.ID != m.ID:
			return fmt.Errorf("signature %d is of another keyset", i)
		case s.C == m.B:
			return fmt.Errorf("signature %d is the message itself", i)
		case s.DLEQ == nil:
			return fmt.Errorf("signature %d has no DLEQ proof", i)
		}
	}
	return nil
}

// verifyDLEQ verifies as many DLEQ proofs as the configuration asks for.
func (c *Client) verifyDLEQ(ctx context.Context, messages []cashu.BlindedMessage, signatures []cashu.BlindSignature) error {
	from, to := 0, len(messages)
	switch c.dleq {
	case DLEQPresent:
		return nil
	case DLEQSample:
		i, ok := c.sampler.Pick(len(messages))
		if !ok {
			return nil
		}
		from, to = i, i+1
	}
	for i := from; i < to; i++ {
		key, err := c.publicKey(ctx, messages[i].ID, messages[i].Amount)
		if err != nil {
			return err
		}
		if !bdhke.VerifyDLEQ(key, messages[i].B, signatures[i].C, *signatures[i].DLEQ) {
			return fmt.Errorf("%w: the DLEQ proof of signature %d is false", ErrBadAnswer, i)
		}
	}
	return nil
}

// publicKey finds the key in the last snapshot, and asks for a new one if the
// keyset is not in it.
func (c *Client) publicKey(ctx context.Context, id cashu.KeysetID, amount cashu.Amount) (bdhke.Point, error) {
	for asked := false; ; asked = true {
		if seen := c.seen.Load(); seen != nil {
			if k, ok := (*seen)[id]; ok {
				if key, ok := k.Keys.Get(amount); ok {
					return key, nil
				}
				return bdhke.Point{}, fmt.Errorf("%w: it signed with an amount that keyset %v does not have", ErrBadAnswer, id)
			}
		}
		if asked {
			return bdhke.Point{}, fmt.Errorf("%w: it signed with keyset %v, which it does not list", ErrBadAnswer, id)
		}
		if _, err := c.Keysets(ctx); err != nil {
			return bdhke.Point{}, err
		}
	}
}

// asRequested tells whether a new keyset is the one that was asked for.
func asRequested(r RotateRequest, k cashu.Keyset) error {
	switch {
	case !k.Active:
		return errors.New("the new keyset is not active")
	case k.Unit != r.Unit:
		return fmt.Errorf("the new keyset is of unit %s", k.Unit)
	case k.InputFeePPK != r.InputFeePPK:
		return fmt.Errorf("the new keyset has fee %d", k.InputFeePPK)
	case k.FinalExpiry != r.FinalExpiry:
		return fmt.Errorf("the new keyset ends at %d", k.FinalExpiry)
	case k.ID.Version() != r.IDVersion:
		return fmt.Errorf("the new keyset has an id of version %d", k.ID.Version())
	case len(r.Amounts) > 0 && !slices.Equal(k.Keys.Amounts(), r.Amounts):
		return errors.New("the new keyset has other amounts")
	}
	return nil
}
