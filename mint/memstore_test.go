package mint_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/signatory"
)

// memStore is the smallest Store there can be: maps, copied for every
// transaction. Its state can be taken and put back, so that a test can walk
// through every interleaving and every crash.
type memStore struct {
	mu    sync.Mutex
	state memState

	unwritable error // what Writable says
}

var _ mint.Store = (*memStore)(nil)

func newMemStore() *memStore { return &memStore{state: memState{}.clone()} }

func (s *memStore) Update(_ context.Context, _ mint.Durability, fn func(mint.Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx := memTx{s.state.clone()}
	if err := fn(&tx); err != nil {
		return err
	}
	s.state = tx.memState
	return nil
}

func (s *memStore) Writable(context.Context) error { return s.unwritable }

func (s *memStore) OwnerGone(context.Context, string) (bool, error) { return false, nil }

func (s *memStore) take() memState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.clone()
}

func (s *memStore) put(state memState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state.clone()
}

func (s *memStore) Proofs(ctx context.Context, ys []bdhke.Point) ([]mint.ProofRecord, error) {
	return s.tx().Proofs(ctx, ys)
}
func (s *memStore) Signatures(ctx context.Context, bs []bdhke.Point) ([]mint.SignatureRecord, error) {
	return s.tx().Signatures(ctx, bs)
}
func (s *memStore) MintQuote(ctx context.Context, method, id string) (mint.MintQuote, error) {
	return s.tx().MintQuote(ctx, method, id)
}
func (s *memStore) MintQuoteByLookup(ctx context.Context, method, id string) (mint.MintQuote, error) {
	return s.tx().MintQuoteByLookup(ctx, method, id)
}
func (s *memStore) UnpaidMintQuotes(ctx context.Context, from, before time.Time, limit int) ([]mint.MintQuote, error) {
	return s.tx().UnpaidMintQuotes(ctx, from, before, limit)
}
func (s *memStore) Sagas(ctx context.Context) ([]mint.Saga, error) { return s.tx().Sagas(ctx) }
func (s *memStore) Saga(ctx context.Context, ref mint.OperationRef) (mint.Saga, error) {
	return s.tx().Saga(ctx, ref)
}
func (s *memStore) Operation(ctx context.Context, ref mint.OperationRef) (mint.Operation, error) {
	return s.tx().Operation(ctx, ref)
}
func (s *memStore) Facts(ctx context.Context, ref mint.OperationRef) (mint.OperationFacts, error) {
	return s.tx().Facts(ctx, ref)
}
func (s *memStore) Totals(ctx context.Context) ([]mint.KeysetTotals, error) {
	return s.tx().Totals(ctx)
}
func (s *memStore) Recount(ctx context.Context) ([]mint.KeysetTotals, error) {
	return s.tx().Recount(ctx)
}
func (s *memStore) Keysets(ctx context.Context) (signatory.Snapshot, error) {
	return s.tx().Keysets(ctx)
}
func (s *memStore) Config(ctx context.Context, k mint.ConfigKey) (string, error) {
	return s.tx().Config(ctx, k)
}

func (s *memStore) tx() *memTx {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &memTx{s.state.clone()}
}

type pointKey = [bdhke.PointSize]byte

type memState struct {
	lastRef mint.OperationRef
	ops     map[mint.OperationRef]mint.Operation
	sagas   map[mint.OperationRef]mint.Saga
	proofs  map[pointKey]mint.ProofRecord
	outputs map[pointKey]mint.SignatureRecord

	positions map[pointKey]int // in which outputs were added
	quotes    map[string]mint.MintQuote
	melts     map[string]mint.MeltQuote
	payments  map[string]memPayment
	aside     map[[4]string]mint.SetAside
	decisions []mint.OperatorDecision
	polls     map[string]time.Time
	config    map[mint.ConfigKey]string
	totals    map[cashu.KeysetID]mint.KeysetTotals
	keysets   *signatory.Snapshot
	tokens    map[tokenKey]bool
}

func (s memState) clone() memState {
	s.ops, s.sagas, s.proofs, s.outputs = copied(s.ops), copied(s.sagas), copied(s.proofs), copied(s.outputs)
	s.quotes, s.payments, s.polls, s.config = copied(s.quotes), copied(s.payments), copied(s.polls), copied(s.config)
	s.positions = copied(s.positions)
	s.totals, s.melts = copied(s.totals), copied(s.melts)
	s.tokens, s.aside, s.decisions = copied(s.tokens), copied(s.aside), slices.Clone(s.decisions)
	return s
}

func copied[K comparable, V any](m map[K]V) map[K]V {
	c := make(map[K]V, len(m))
	maps.Copy(c, m)
	return c
}

type memTx struct{ memState }

var _ mint.Tx = (*memTx)(nil)

func (t *memTx) AddSaga(_ context.Context, s *mint.Saga) error {
	t.lastRef++
	s.Ref, s.Version = t.lastRef, 0
	t.ops[s.Ref], t.sagas[s.Ref] = s.Operation, *s
	return nil
}

func (t *memTx) expect(s *mint.Saga) error {
	if row, ok := t.sagas[s.Ref]; !ok || row.Version != s.Version {
		return mint.ErrSagaTaken
	}
	return nil
}

func (t *memTx) UpdateSaga(_ context.Context, s *mint.Saga) error {
	if err := t.expect(s); err != nil {
		return err
	}
	s.Version++
	t.sagas[s.Ref] = *s
	return nil
}

func (t *memTx) FinishSaga(_ context.Context, s *mint.Saga) error {
	if err := t.expect(s); err != nil {
		return err
	}
	delete(t.sagas, s.Ref)
	return nil
}

func (t *memTx) AbandonSaga(ctx context.Context, s *mint.Saga) error {
	if err := t.FinishSaga(ctx, s); err != nil {
		return err
	}
	delete(t.ops, s.Ref)
	return nil
}

func (t *memTx) Sagas(context.Context) ([]mint.Saga, error) {
	return slices.SortedFunc(maps.Values(t.sagas), func(a, b mint.Saga) int { return int(a.Ref - b.Ref) }), nil
}

func (t *memTx) Saga(_ context.Context, ref mint.OperationRef) (mint.Saga, error) {
	s, ok := t.sagas[ref]
	if !ok {
		return s, mint.ErrNotFound
	}
	return s, nil
}

func (t *memTx) Operation(_ context.Context, ref mint.OperationRef) (mint.Operation, error) {
	op, ok := t.ops[ref]
	if !ok {
		return op, mint.ErrNotFound
	}
	return op, nil
}

func (t *memTx) Facts(_ context.Context, ref mint.OperationRef) (f mint.OperationFacts, err error) {
	for _, p := range t.proofs {
		if p.Operation == ref && p.State == mint.ProofPending {
			f.ProofsPending++
		}
	}
	for _, o := range t.outputs {
		if o.Operation == ref && !o.Signed {
			f.OutputsUnsigned++
		}
	}
	return f, nil
}

func (t *memTx) AddProofs(_ context.Context, op mint.Operation, proofs []mint.SpentProof) error {
	for _, p := range proofs {
		if _, known := t.proofs[p.Y.Key()]; known {
			return mint.ErrProofKnown
		}
		t.proofs[p.Y.Key()] = mint.ProofRecord{SpentProof: p, State: mint.ProofPending, Operation: op.Ref, Created: op.Created}
	}
	return nil
}

func (t *memTx) SpendProofs(_ context.Context, ref mint.OperationRef) (n int, err error) {
	for k, p := range t.proofs {
		if p.Operation == ref && p.State == mint.ProofPending {
			p.State = mint.ProofSpent
			t.proofs[k] = p
			n++
		}
	}
	return n, nil
}

func (t *memTx) RemoveProofs(_ context.Context, ref mint.OperationRef) (n int, err error) {
	for k, p := range t.proofs {
		if p.Operation == ref && p.State == mint.ProofPending {
			delete(t.proofs, k)
			n++
		}
	}
	return n, nil
}

func (t *memTx) Proofs(_ context.Context, ys []bdhke.Point) ([]mint.ProofRecord, error) {
	records := make([]mint.ProofRecord, len(ys))
	for i, y := range ys {
		records[i] = t.proofs[y.Key()]
		records[i].Y = y
	}
	return records, nil
}

func (t *memTx) AddOutputs(_ context.Context, op mint.Operation, outputs []cashu.BlindedMessage) error {
	for _, o := range outputs {
		if _, known := t.outputs[o.B.Key()]; known {
			return mint.ErrOutputKnown
		}
		t.outputs[o.B.Key()] = mint.SignatureRecord{B: o.B, Operation: op.Ref, Created: op.Created,
			Signature: cashu.BlindSignature{Amount: o.Amount, ID: o.ID}}
		t.positions[o.B.Key()] = len(t.positions)
	}
	return nil
}

func (t *memTx) SignOutputs(_ context.Context, ref mint.OperationRef, outputs []cashu.BlindedMessage, sigs []cashu.BlindSignature) error {
	if len(outputs) != len(sigs) {
		return mint.ErrForbiddenState
	}
	for i, o := range outputs {
		row, known := t.outputs[o.B.Key()]
		if !known || row.Signed || row.Operation != ref {
			return mint.ErrForbiddenState
		}
		row.Signed, row.Signature = true, sigs[i]
		t.outputs[o.B.Key()] = row
	}
	return nil
}

func (t *memTx) RemoveOutputs(_ context.Context, ref mint.OperationRef) (n int, err error) {
	for k, o := range t.outputs {
		if o.Operation == ref && !o.Signed {
			delete(t.outputs, k)
			n++
		}
	}
	return n, nil
}

func (t *memTx) Signatures(_ context.Context, bs []bdhke.Point) ([]mint.SignatureRecord, error) {
	records := make([]mint.SignatureRecord, len(bs))
	for i, b := range bs {
		records[i] = t.outputs[b.Key()]
		records[i].B = b
	}
	return records, nil
}

func (t *memTx) MintQuote(_ context.Context, method, id string) (mint.MintQuote, error) {
	q, ok := t.quotes[id]
	if !ok || q.Method != method {
		return mint.MintQuote{}, mint.ErrNotFound
	}
	return q, nil
}

func (t *memTx) MintQuoteByLookup(_ context.Context, method, lookupID string) (mint.MintQuote, error) {
	for _, q := range t.quotes {
		if q.Method == method && q.LookupID == lookupID {
			return q, nil
		}
	}
	return mint.MintQuote{}, mint.ErrNotFound
}

func (t *memTx) AddMintQuote(_ context.Context, q mint.MintQuote) error {
	t.quotes[q.ID] = q
	return nil
}

func (t *memTx) ReserveIssue(_ context.Context, id string, ref mint.OperationRef, amount cashu.Amount) error {
	q, ok := t.quotes[id]
	if !ok || q.Pending != 0 || q.AmountPaid-q.AmountIssued < amount {
		return mint.ErrForbiddenState
	}
	q.Pending = ref
	t.quotes[id] = q
	return nil
}

func (t *memTx) FinishIssue(_ context.Context, id string, ref mint.OperationRef, amount cashu.Amount, at time.Time) error {
	q, ok := t.quotes[id]
	if !ok || q.Pending != ref {
		return mint.ErrForbiddenState
	}
	q.Pending, q.AmountIssued, q.Issued = 0, q.AmountIssued+amount, at
	q.Updated = later(q.Updated, at)
	t.quotes[id] = q
	return nil
}

func (t *memTx) ReleaseIssue(_ context.Context, id string, ref mint.OperationRef) error {
	if q, ok := t.quotes[id]; ok && q.Pending == ref {
		q.Pending = 0
		t.quotes[id] = q
	}
	return nil
}

func later(before, at time.Time) time.Time {
	if next := before.Add(time.Second); next.After(at) {
		return next
	}
	return at
}

func (t *memTx) UnpaidMintQuotes(_ context.Context, from, before time.Time, limit int) ([]mint.MintQuote, error) {
	list := slices.SortedFunc(maps.Values(t.quotes), func(a, b mint.MintQuote) int { return a.Expiry.Compare(b.Expiry) })
	list = slices.DeleteFunc(list, func(q mint.MintQuote) bool {
		return q.AmountPaid > 0 || q.Expiry.IsZero() || q.Expiry.Before(from) || !q.Expiry.Before(before)
	})
	return list[:min(limit, len(list))], nil
}

func (t *memTx) RemoveUnpaid(_ context.Context, ids []string, before time.Time) (n int, err error) {
	for _, id := range ids {
		if q := t.quotes[id]; q.ID == id && q.AmountPaid == 0 && q.Pending == 0 && !q.Expiry.IsZero() && q.Expiry.Before(before) {
			delete(t.quotes, id)
			n++
		}
	}
	return n, nil
}

func (t *memTx) ClaimPoll(_ context.Context, id string, now time.Time, interval time.Duration) (bool, error) {
	if last, ok := t.polls[id]; ok && now.Before(last.Add(interval)) {
		return false, nil
	}
	t.polls[id] = now
	return true, nil
}

func (t *memTx) Keysets(context.Context) (signatory.Snapshot, error) {
	if t.keysets == nil {
		return signatory.Snapshot{}, mint.ErrNotFound
	}
	return *t.keysets, nil
}

func (t *memTx) SaveKeysets(_ context.Context, s signatory.Snapshot) error {
	t.keysets = &s
	return nil
}

func (t *memTx) Config(_ context.Context, k mint.ConfigKey) (string, error) {
	v, ok := t.config[k]
	if !ok {
		return "", mint.ErrNotFound
	}
	return v, nil
}

// forgetConfig makes the store one that never heard of the key.
func (s *memStore) forgetConfig(k mint.ConfigKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.state.config, k)
}

func (t *memTx) SetConfig(_ context.Context, k mint.ConfigKey, v string) error {
	t.config[k] = v
	return nil
}

func (t *memTx) DeleteConfig(_ context.Context, k mint.ConfigKey) error {
	delete(t.config, k)
	return nil
}

func (t *memTx) AddTotals(_ context.Context, _ mint.OperationRef, add []mint.KeysetTotals, force bool) error {
	for _, a := range add {
		sum := t.totals[a.KeysetID]
		sum.KeysetID = a.KeysetID
		sum.Issued += a.Issued
		sum.Redeemed += a.Redeemed
		if sum.Redeemed > sum.Issued && !force {
			return mint.ErrOverRedeemed
		}
		t.totals[a.KeysetID] = sum
	}
	return nil
}

func (t *memTx) Totals(context.Context) ([]mint.KeysetTotals, error) {
	return slices.SortedFunc(maps.Values(t.totals), func(a, b mint.KeysetTotals) int {
		return strings.Compare(a.KeysetID.String(), b.KeysetID.String())
	}), nil
}

func (t *memTx) Recount(ctx context.Context) ([]mint.KeysetTotals, error) {
	counted := memTx{memState{}.clone()}
	for _, p := range t.proofs {
		if p.State == mint.ProofSpent {
			_ = counted.AddTotals(ctx, 0, []mint.KeysetTotals{{KeysetID: p.KeysetID, Redeemed: p.Amount}}, true)
		}
	}
	for _, o := range t.outputs {
		if o.Signed {
			_ = counted.AddTotals(ctx, 0, []mint.KeysetTotals{{KeysetID: o.Signature.ID, Issued: o.Signature.Amount}}, true)
		}
	}
	return counted.Totals(ctx)
}
