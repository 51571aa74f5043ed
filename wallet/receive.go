package wallet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/conditions"
	"mintmark/cashu/token"
	"mintmark/internal/crashpoint"
)

// ReceiveOptions is what a receiver brings along.
type ReceiveOptions struct {
	// Keys open P2PK locks, besides the wallet's own keys.
	Keys []bdhke.Scalar
	// Preimages open HTLCs.
	Preimages [][32]byte
	// AnyMint also takes coins of mints that the wallet does not trust yet, and
	// trusts them from then on.
	AnyMint bool
	// Key is the caller's name of this call, Args what it asks for; see Repeated.
	// Empty: none.
	Key, Args string

	theirs bool // see run
}

// ErrUntrusted: the token is of a mint that the wallet does not know or trust.
var ErrUntrusted = errors.New("the mint is not trusted")

// Received is what a token has brought.
type Received struct {
	Amount  cashu.Amount
	Fee     cashu.Amount
	Unit    cashu.Unit
	MintURL string
	Memo    string
	Before  bool // this wallet had received it earlier, and nothing was done
}

// Receive exchanges the coins of a token for coins of this wallet's own. From the
// first commit on the token is never lost: it goes forward, or into the inbox. One
// with many coins goes in parts; what came of some of them comes along with the error
// of the others.
func (w *Wallet) Receive(ctx context.Context, text string, o ReceiveOptions) (Received, error) {
	if got, found, err := w.receivedBefore(ctx, o.Key, o.Args); found {
		return got, err
	}
	t, err := token.Parse(text)
	if err != nil {
		return Received{}, err
	}
	m, coins, err := w.readToken(ctx, t, o.AnyMint)
	if err != nil {
		return Received{}, err
	}
	parts, err := w.receiveParts(ctx, m, t, text, coins, o)
	if err != nil {
		return Received{}, err
	}
	if o.theirs && len(parts) > 1 {
		return Received{}, mismatch("the payment has too many coins") // of which some could be refused
	}
	if len(parts) > 1 {
		return w.receiveInParts(ctx, m, Secret(text), parts, o.Key)
	}
	runs, err := w.startParts(ctx, m, parts, o.Key)
	if err != nil {
		return w.again(ctx, Secret(text), err)
	}
	runs[0].theirs = o.theirs
	crashpoint.Here(crashPoint(KindReceive, "reserved"))
	got, err := performParts(ctx, runs, parts)
	if errors.Is(err, ErrTaken) {
		return w.again(ctx, Secret(text), err)
	}
	return got, err
}

// performReceive brings a receive to its end. A token that the wallet cannot open,
// and that no mint has been shown yet, goes into the inbox without asking.
func (r *run) performReceive(ctx context.Context) error {
	if err := r.planReceive(ctx); err != nil {
		return r.failed(fmt.Errorf("%w: %w", ErrPending, err))
	}
	x, err := r.receiveExchange()
	if err != nil {
		return r.failed(err)
	}
	if err := r.closed(x); err != nil {
		return r.failed(r.giveUp(ctx, x, nil, err))
	}
	_, err = r.perform(ctx, r.receiveExchange)
	return err
}

// closed tells why the coins of a request cannot be opened: neither now, nor soon
// by a clock that is ahead of ours. Nil: they can, or they have been shown already.
func (r *run) closed(x exchange) (err error) {
	if r.s.State.Sent() {
		return nil
	}
	t := conditions.Transaction{Inputs: shown(x.inputs), Outputs: messages(x.outputs)}
	for _, at := range []time.Time{r.w.now(), r.w.now().Add(expiryMargin)} {
		spend, checkErr := conditions.Check(t, at)
		if checkErr == nil {
			checkErr = spend.Verify()
		}
		if checkErr == nil {
			return nil
		}
		err = checkErr
	}
	return fmt.Errorf("the token is locked: %w", err)
}

// receiveExchange is the request of a receive, from what was written down.
func (r *run) receiveExchange() (exchange, error) {
	d, ok := r.s.Data.(*ReceiveData)
	if !ok {
		return exchange{}, errors.New("a receive has other data")
	}
	if len(d.Inputs) == 0 || len(d.Outputs) == 0 {
		return exchange{}, errors.New("a receive of another program cannot be gone on with; its token is in the history")
	}
	return exchange{
		requested: ReceiveSwapRequested,
		inputs:    d.Inputs,
		outputs:   d.Outputs,
		keep:      !r.theirs, // who can be told to come again
		sending:   func(context.Context, Tx) error { return nil },
		adopt: func(ctx context.Context, tx Tx, coins []StoredCoin) error {
			if err := tx.AddCoins(ctx, coins); err != nil {
				return err
			}
			if err := outOfInbox(ctx, tx, d.Token); err != nil {
				return err
			}
			return r.closeReceive(ctx, tx, StatusCompleted)
		},
		undo: func(ctx context.Context, tx Tx, _ []cashu.ProofState) error {
			if d.Parent != uuid.Nil { // which has the token
				return r.returnCounters(ctx, tx, d.Outputs, d.Counters)
			}
			if !r.theirs {
				item := InboxItem{ID: r.s.ID, Token: d.Token, Amount: r.s.Amount, Unit: r.s.Unit, MintURL: r.s.MintURL,
					Reason: reasonOf(r.cause), At: r.w.now().Unix()}
				if err := outOfInbox(ctx, tx, d.Token); err != nil { // where it may be from
					return err
				}
				if err := tx.AddInbox(ctx, item); err != nil {
					return err
				}
			}
			if err := r.returnCounters(ctx, tx, d.Outputs, d.Counters); err != nil {
				return err
			}
			return r.closeReceive(ctx, tx, StatusFailed)
		},
		lost: func(ctx context.Context, tx Tx) error { return r.closeReceive(ctx, tx, StatusFailed) },
	}, nil
}

func (r *run) closeReceive(ctx context.Context, tx Tx, status string) error {
	if d, ok := r.s.Data.(*ReceiveData); ok && d.Parent != uuid.Nil { // the history has the one that it is for
		if status != StatusCompleted {
			return nil
		}
		return r.endReclaimed(ctx, tx, d.Parent)
	}
	if r.theirs && status == StatusFailed {
		return tx.RemoveTransaction(ctx, r.s.ID)
	}
	t, err := tx.Transaction(ctx, r.s.ID)
	if err != nil {
		return err
	}
	t.Status = status
	return tx.PutTransaction(ctx, t)
}

// Inbox lists tokens that could not be received.
func (w *Wallet) Inbox(ctx context.Context) ([]InboxItem, error) { return w.store.Inbox(ctx) }
