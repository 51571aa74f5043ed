package wallet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"mintmark/cashu"
	"mintmark/internal/crashpoint"
	"mintmark/wallet/mintclient"
)

// MeltResult is a payment that was made.
type MeltResult struct {
	Amount cashu.Amount
	Fee    cashu.Amount // all that it cost besides: of the network, and of the coins
	Proof  string       // the preimage, or the outpoint
}

// MeltOptions is how a payment is made.
type MeltOptions struct {
	// Wait is how long to wait for a payment that is under way; 0 = until ctx
	// ends. Recovery finishes what is still under way then.
	Wait time.Duration
	// Poll is the pause between two questions about it, where the mint does not
	// report by itself; 0 = 2 s.
	Poll time.Duration
	// Key is the caller's name of this call, Args what it asks for; see Repeated.
	// Empty: none.
	Key, Args string
	// MaxFee is the most that it may cost besides the amount: what the quote sets
	// aside, and the fee for spending the coins. nil = any. ErrFee beyond.
	MaxFee *cashu.Amount
	// Agree is asked before a transfer pays, with the quote, and says what it may cost in
	// the place of MaxFee; its error ends the call. nil = nobody is asked.
	Agree func(Quote) (most *cashu.Amount, err error)
	// Again pays an offer or an address that this wallet has paid before, or is
	// paying. An invoice is paid once, whatever is said here.
	Again bool
	// group is what the parts of one payment have in common (NUT-15): they do not
	// refuse each other. Nil: it is paid in one.
	group uuid.UUID
}

// expiryMargin is how long after the end of a quote a request may still arrive:
// clocks differ.
const expiryMargin = 2 * time.Minute

// Melt pays a quote. ErrPending: the payment is under way or in doubt; its coins
// stay set aside, and recovery finds out how it ends.
func (w *Wallet) Melt(ctx context.Context, mintURL, quoteID string, o MeltOptions) (MeltResult, error) {
	if was, found, err := w.partsBefore(ctx, o); found {
		return MeltResult{Amount: was.Amount, Fee: was.Fee, Proof: was.Proof}, err
	}
	m, err := w.Mint(ctx, mintURL)
	if err != nil {
		return MeltResult{}, err
	}
	q, err := w.store.Quote(ctx, QuoteMelt, m.URL, quoteID)
	if err != nil {
		return MeltResult{}, err
	}
	if q.Expiry != 0 && w.now().Unix() > q.Expiry {
		return MeltResult{}, cashu.ErrQuoteExpired
	}
	if err := refuseRepeated(ctx, w.store, q, o); err != nil {
		return MeltResult{}, err
	}
	return spend(ctx, w, spending[MeltResult]{mint: m, unit: q.Unit, decide: decideMelt(q), most: o.MaxFee, reserve: q.FeeReserve, do: func(d decision) (MeltResult, error) {
		r, err := w.startMelt(ctx, m, q, d, o)
		if err != nil {
			return MeltResult{}, err
		}
		defer r.rest()
		crashpoint.Here(crashPoint(KindMelt, "reserved"))
		return r.performMelt(ctx, m, o)
	}})
}

func decideMelt(q Quote) func(purse) (decision, error) {
	return func(p purse) (decision, error) { return p.melt(q) }
}

// startMelt sets coins aside, and blank outputs for the change.
func (w *Wallet) startMelt(ctx context.Context, m Mint, q Quote, d decision, o MeltOptions) (*run, error) {
	keyset, err := m.active(q.Unit, w.now())
	if err != nil {
		return nil, err
	}
	id, err := newID()
	if err != nil {
		return nil, err
	}
	data := &MeltData{
		Quote: q.ID, Amount: q.Amount, FeeReserve: q.FeeReserve, FeeIndex: q.FeeIndex, Method: q.Method, QuoteExpiry: q.Expiry,
		Inputs: plain(d.coins), FinalProofYs: ysOf(d.coins), ChangeKeyset: keyset.ID,
		CommonData: CommonData{IdempotencyKey: o.Key, IdempotencyArgs: o.Args},
	}
	s, err := NewSaga(id, MeltProofsReserved, q.Amount, m.URL, q.Unit, data, w.now())
	if err != nil {
		return nil, err
	}
	return w.start(ctx, s, "coins are set aside", func(tx Tx, _ *Saga) error {
		if err := tx.ReserveCoins(ctx, data.FinalProofYs, id); err != nil {
			return err
		}
		if err := tx.ReserveQuote(ctx, QuoteMelt, m.URL, q.ID, id); err != nil {
			return err
		}
		payment := paymentName(q.Method, q.Request)
		if err := tx.LockPayment(ctx, payment); err != nil {
			return err
		}
		if err := refuseRepeated(ctx, tx, q, o); err != nil {
			return err
		}
		if data.Change, data.Counters, err = w.plan(ctx, tx, keyset.ID, d.blanks); err != nil {
			return err
		}
		data.ChangeBlindedMessages = messages(data.Change)
		return tx.PutTransaction(ctx, Transaction{
			Operation: id, Kind: KindMelt, MintURL: m.URL, Unit: q.Unit, Amount: q.Amount, Status: StatusPending,
			QuoteID: q.ID, Request: q.Request, At: w.now().Unix(), Payment: payment, Group: o.group,
		})
	})
}

// performMelt sends the request and waits for the end of the payment.
func (r *run) performMelt(ctx context.Context, m Mint, o MeltOptions) (MeltResult, error) {
	if o.Wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.Wait)
		defer cancel()
	}
	if o.Poll == 0 {
		o.Poll = 2 * time.Second
	}
	result, rule, err := r.tryMelt(ctx, m)
	open := func() bool { return rule == ruleAgain || rule == ruleWait && !errors.Is(err, ErrTakenOver) }
	if !open() {
		return result, r.failed(err)
	}
	news, listenErr := r.meltNews(m)
	if listenErr != nil {
		return MeltResult{}, r.failed(fmt.Errorf("%w: %w", ErrPending, listenErr))
	}
	defer news.Close()
	for open() {
		if rule == ruleAgain { // once at most, with a keyset that m does not have
			if m, err = r.w.Mint(ctx, r.s.MintURL); err != nil {
				return MeltResult{}, r.failed(fmt.Errorf("%w: %w", ErrPending, err))
			}
			result, rule, err = r.tryMelt(ctx, m)
			continue
		}
		if waitErr := news.Wait(ctx, o.Poll); waitErr != nil {
			return MeltResult{}, r.failed(fmt.Errorf("%w: %w", ErrPending, errors.Join(err, waitErr)))
		}
		result, rule, err = r.checkMelt(ctx, m, nil)
	}
	return result, r.failed(err)
}

// tryMelt sends the request, exactly as it was written down.
func (r *run) tryMelt(ctx context.Context, m Mint) (MeltResult, ruling, error) {
	d, c, err := r.meltData()
	if err != nil {
		return MeltResult{}, ruleWait, err
	}
	err = r.attempt(ctx, MeltMeltRequested, func(tx Tx) error {
		return tx.MoveCoins(ctx, d.FinalProofYs, r.s.ID, []CoinState{CoinReserved, CoinPending}, CoinPending)
	})
	if err != nil {
		return MeltResult{}, ruleWait, err
	}
	crashpoint.Here(crashPoint(KindMelt, "sending"))
	answer, err := c.Melt(ctx, d.Method, mintclient.MeltRequest{Quote: d.Quote, Inputs: shown(d.Inputs), Outputs: messages(d.Change), FeeIndex: d.FeeIndex}, false)
	crashpoint.Here(crashPoint(KindMelt, "answered"))
	if err == nil && answer.State == "PAID" {
		return r.takeMelt(ctx, m, c, d, answer)
	}
	if err == nil && answer.State == "PENDING" {
		r.begun()
		return MeltResult{}, ruleWait, r.meltPending(ctx)
	}
	if err == nil {
		err = fmt.Errorf("%w: the payment is %s", ErrNoPayment, answer.State)
	}
	r.answered(err)
	return r.checkMelt(ctx, m, err)
}

// ErrNoPayment: the mint could not make the payment. The coins are free again.
var ErrNoPayment = errors.New("the payment failed")

func (r *run) meltData() (*MeltData, *mintclient.Client, error) {
	d, ok := r.s.Data.(*MeltData)
	if !ok || len(d.Inputs) == 0 || len(d.FinalProofYs) == 0 {
		return nil, nil, errors.New("a melt of another program cannot be gone on with")
	}
	c, err := r.w.client(r.s.MintURL)
	return d, c, err
}
