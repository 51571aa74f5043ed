package operator

import (
	"context"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"

	"mintmark/mint"
)

// Decision ends a saga that cannot be.
type Decision string

const (
	// Release gives back what is still reserved: pending inputs become unspent,
	// unsigned outputs are forgotten, the quote can be issued or paid again.
	// What is final stays final. Of a melt: the payment certainly failed.
	Release Decision = "release"
	// Keep makes what is still reserved final: pending inputs are spent,
	// unsigned outputs are forgotten and can be asked for again. Of a melt: the
	// payment was made; recovery signs the change.
	Keep Decision = "keep"
)

// Resolve ends an operation that recovery cannot decide.
func (l *Local) Resolve(ctx context.Context, shown Evidence, d Decision, why string) error {
	if d != Release && d != Keep {
		return fmt.Errorf("%q is not a decision: it is %q or %q", d, Release, Keep)
	}
	if err := checkReason(why); err != nil {
		return err
	}
	operation := shown.Saga.Operation
	if err := l.stillSaid(ctx, shown); err != nil {
		return err
	}
	text, err := json.Marshal(shown)
	if err != nil {
		return fmt.Errorf("writing down the evidence: %w", err)
	}
	made := mint.OperatorDecision{At: l.now(), About: operation.String(), Decision: string(d), Why: why, Evidence: string(text)}
	return l.Store.Update(ctx, mint.Durable, func(tx mint.Tx) error {
		rows, err := tx.Sagas(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(rows, func(s mint.Saga) bool { return s.ID == operation })
		if i < 0 {
			return fmt.Errorf("%w: there is no unfinished operation of this id", ErrNotStuck)
		}
		s := rows[i]
		facts, err := tx.Facts(ctx, s.Ref)
		if err != nil {
			return err
		}
		verdict, err := verdictOn(ctx, tx, s.Operation, facts)
		switch now := report(s, facts, verdict); {
		case err != nil:
			return err
		case verdict != mint.VerdictImpossible && verdict != mint.VerdictAsk:
			return fmt.Errorf("%w: recovery will %s it", ErrNotStuck, verdict)
		case !now.same(shown.Saga):
			return ErrChanged
		case s.Kind == mint.OperationMelt:
			err = l.resolveMelt(ctx, tx, &s, verdict, d)
		default:
			err = resolve(ctx, tx, &s, d)
		}
		if err != nil {
			return err
		}
		return tx.AddDecision(ctx, made)
	})
}

// stillSaid asks the backend of a melt once more. Since it was shown the node may have paid,
// or failed: what was right to decide then gives coins back for a paid invoice now. Why it
// says nothing may differ, it is nothing each time.
func (l *Local) stillSaid(ctx context.Context, shown Evidence) error {
	if shown.Melt == nil {
		return nil
	}
	now, err := l.Evidence(ctx, shown.Saga.Operation)
	if err != nil {
		return err
	}
	if now.Melt == nil || !slices.Equal(now.Melt.Said, shown.Melt.Said) || (now.Melt.NotAsked == "") != (shown.Melt.NotAsked == "") {
		return ErrChanged
	}
	return nil
}

// same tells whether nothing has changed but who works on it.
func (s Saga) same(as Saga) bool {
	return s.Kind == as.Kind && s.Verdict == as.Verdict && s.Inputs == as.Inputs && s.Outputs == as.Outputs &&
		s.ProofsPending == as.ProofsPending && s.OutputsUnsigned == as.OutputsUnsigned
}

func resolve(ctx context.Context, tx mint.Tx, s *mint.Saga, d Decision) error {
	if err := endSaga(ctx, tx, s, d); err != nil {
		return err
	}
	return mint.ReleaseQuotes(ctx, tx, s.Operation)
}

func endSaga(ctx context.Context, tx mint.Tx, s *mint.Saga, d Decision) error {
	// The operation stays: rows that are final belong to it.
	if err := tx.FinishSaga(ctx, s); err != nil {
		return err
	}
	settle := tx.RemoveProofs
	if d == Keep {
		settle = tx.SpendProofs
	}
	if _, err := settle(ctx, s.Ref); err != nil {
		return err
	}
	_, err := tx.RemoveOutputs(ctx, s.Ref)
	return err
}
