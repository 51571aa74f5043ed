package wallet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"mintmark/bdhke"
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

// checkMelt finds out from the mint how the payment has ended, if it has. cause is
// why the last request brought no answer; nil if nothing was sent just now.
func (r *run) checkMelt(ctx context.Context, m Mint, cause error) (MeltResult, ruling, error) {
	d, c, err := r.meltData()
	if err != nil {
		return MeltResult{}, ruleWait, err
	}
	if coins, err := r.w.store.CoinsByY(ctx, d.FinalProofYs[:1]); err != nil {
		return MeltResult{}, ruleWait, err
	} else if coins[0].UsedBy != r.s.ID { // what Reclaim has not come to write down
		err := errors.New("its coins were exchanged for others")
		return MeltResult{}, ruleUndo, errors.Join(err, r.undoMelt(ctx, d, nil, err))
	}
	q, err := r.w.store.Quote(ctx, QuoteMelt, r.s.MintURL, d.Quote)
	if err != nil {
		return MeltResult{}, ruleWait, err
	}
	facts := meltFacts{
		neverSent: cause != nil && len(d.Attempts) == 1 && !mintclient.Sent(cause),
		refused:   len(d.Attempts) > 0 && r.openAttempts() == 0, settled: r.settled(), arrived: r.allArrived(), proven: q.Proof != "",
		expired: d.QuoteExpiry != 0 && r.w.now().After(time.Unix(d.QuoteExpiry, 0).Add(expiryMargin)),
	}
	if errors.Is(cause, cashu.ErrOutputsSigned) {
		sigs, err := r.w.restored(ctx, c, d.Change)
		facts.collided = err == nil && signed(sigs) > 0
	}
	answer, err := c.MeltQuote(ctx, d.Method, d.Quote)
	switch unknown := mintclient.UnknownQuote(err); {
	case unknown:
		facts.state = quoteUnknown
	case err != nil && cause == nil:
		return MeltResult{}, ruleWait, err
	case err == nil:
		facts.state = answer.State
		facts.proven = facts.proven || answer.Proof() != ""
		if q, err = r.w.updateQuote(ctx, q, func(q *Quote) { takeMeltQuote(q, answer) }); err != nil {
			return MeltResult{}, ruleWait, err
		}
	}
	if facts.state != "" && facts.state != "PENDING" {
		if entries, err := c.CheckState(ctx, d.FinalProofYs); err == nil {
			for _, e := range entries {
				facts.states = append(facts.states, e.State)
			}
		}
	}
	switch rule := judgeMelt(facts); rule {
	case ruleAdopt:
		return r.takeMelt(ctx, m, c, d, answer)
	case ruleUndo:
		again, err := r.planAnew(ctx, m, c, cause, rule)
		if err != nil {
			return MeltResult{}, ruleWait, err
		}
		if again {
			return MeltResult{}, ruleAgain, nil
		}
		if cause == nil {
			cause = fmt.Errorf("%w: the quote is %s", ErrNoPayment, facts.state)
		}
		if err := r.undoMelt(ctx, d, facts.states, cause); err != nil {
			return MeltResult{}, ruleWait, err
		}
		return MeltResult{}, rule, cause
	default:
		if facts.state == "PENDING" && r.s.State != MeltPaymentPending {
			return MeltResult{}, rule, errors.Join(cause, r.meltPending(ctx))
		}
		return MeltResult{}, rule, cause
	}
}

// meltPending notes that the mint says that it is paying.
func (r *run) meltPending(ctx context.Context) error {
	err := r.step(ctx, MeltPaymentPending, "the mint is paying", nil)
	crashpoint.Here(crashPoint(KindMelt, "pending"))
	return err
}

// takeMelt ends a melt that was paid, with the change. The change is in the
// answer; if it is not, the mint is asked for the signatures again.
func (r *run) takeMelt(ctx context.Context, m Mint, c *mintclient.Client, d *MeltData, answer mintclient.MeltQuote) (MeltResult, ruling, error) {
	change, err := r.change(ctx, m, c, d, answer.Change)
	if err != nil {
		return MeltResult{}, ruleWait, err
	}
	returned, err := sumOf(change)
	if err != nil {
		return MeltResult{}, ruleWait, err
	}
	var sum cashu.Amount
	for _, in := range d.Inputs {
		if sum, err = sum.Add(in.Amount); err != nil {
			return MeltResult{}, ruleWait, err
		}
	}
	spent, err := sum.Sub(returned)
	if err != nil || spent < d.Amount {
		return MeltResult{}, ruleWait, fmt.Errorf("%w: more change than there can be", errBadAnswer)
	}
	result := MeltResult{Amount: d.Amount, Fee: spent - d.Amount, Proof: answer.Proof()}
	err = r.finish(ctx, "paid", func(tx Tx) error {
		if err := tx.MoveCoins(ctx, d.FinalProofYs, r.s.ID, orSpent, CoinSpent); err != nil {
			return err
		}
		if err := tx.AddCoins(ctx, change); err != nil {
			return err
		}
		q, err := tx.Quote(ctx, QuoteMelt, r.s.MintURL, d.Quote)
		if err != nil {
			return err
		}
		takeMeltQuote(&q, answer)
		if err := tx.UpdateQuote(ctx, q); err != nil {
			return err
		}
		return r.closeMelt(ctx, tx, StatusCompleted, result)
	})
	if err != nil {
		return MeltResult{}, ruleWait, err
	}
	crashpoint.Here(crashPoint(KindMelt, "taken"))
	return result, ruleAdopt, nil
}

// change makes coins of the change. Signatures belong to the blank outputs by
// position, and say their own amount (NUT-08).
func (r *run) change(ctx context.Context, m Mint, c *mintclient.Client, d *MeltData, sigs []cashu.BlindSignature) ([]StoredCoin, error) {
	if len(d.Change) == 0 {
		return nil, nil
	}
	if n := len(sigs); n > 0 && n <= len(d.Change) {
		coins, err := r.w.coins(m, r.s.Unit, d.Change[:len(sigs)], sigs, r.s.ID, r.w.now())
		if err == nil {
			return coins, nil
		}
		// The quote may show change that is not for our blank outputs.
	}
	restored, err := r.w.restored(ctx, c, d.Change)
	if err != nil {
		return nil, err
	}
	var outputs []Planned
	var found []cashu.BlindSignature
	for i, s := range restored {
		if !s.C.IsZero() {
			outputs, found = append(outputs, d.Change[i]), append(found, s)
		}
	}
	return r.w.coins(m, r.s.Unit, outputs, found, r.s.ID, r.w.now())
}

// undoMelt frees the coins of a payment that was not made and cannot be made any
// more, except those that the mint calls spent.
func (r *run) undoMelt(ctx context.Context, d *MeltData, states []cashu.ProofState, cause error) error {
	err := r.finish(ctx, "given up: "+reasonOf(cause), func(tx Tx) error {
		coins, err := tx.CoinsByY(ctx, d.FinalProofYs)
		if err != nil {
			return err
		}
		var spent []bdhke.Point
		for i, c := range coins {
			if i < len(states) && states[i] == cashu.ProofSpent && c.UsedBy == r.s.ID { // else a swap has taken it
				spent = append(spent, c.Y)
			}
		}
		if err := tx.MoveCoins(ctx, spent, r.s.ID, []CoinState{CoinPending, CoinReserved}, CoinSpent); err != nil {
			return err
		}
		if _, err := tx.ReleaseCoins(ctx, r.s.ID); err != nil {
			return err
		}
		if err := r.returnCounters(ctx, tx, d.Change, d.Counters); err != nil {
			return err
		}
		return r.closeMelt(ctx, tx, StatusFailed, MeltResult{Amount: d.Amount})
	})
	crashpoint.Here(crashPoint(KindMelt, "undone"))
	return err
}

// closeMelt frees the quote and ends the entry of the history.
func (r *run) closeMelt(ctx context.Context, tx Tx, status string, result MeltResult) error {
	return r.closeEntry(ctx, tx, func(t *Transaction) {
		t.Status, t.Fee, t.Proof = status, result.Fee, Secret(result.Proof)
	})
}
