package mint_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"mintmark/bdhke"
	"mintmark/bdhke/mintkey"
	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning"
	"mintmark/signatory"
)

// testSigner is a signatory in memory, with switches for everything that can go
// wrong with one.
type testSigner struct {
	mu       sync.Mutex
	epoch    uint64
	identity bdhke.Point
	keysets  []cashu.Keyset
	keys     map[cashu.KeysetID]map[cashu.Amount]mintkey.Key
	changed  chan struct{}

	down       atomic.Bool                     // answers nothing
	beforeSign atomic.Pointer[func(int) error] // called with the number of the call
	signCalls  atomic.Int64
}

func newTestSigner(tb testing.TB) *testSigner {
	tb.Helper()
	s := &testSigner{keys: map[cashu.KeysetID]map[cashu.Amount]mintkey.Key{}, changed: make(chan struct{})}
	s.identity = scalar(tb, "identity").Public()
	s.rotate(tb, "sat", 0, 0)
	return s
}

func scalar(tb testing.TB, seed string) bdhke.Scalar {
	tb.Helper()
	sum := sha256.Sum256([]byte(seed))
	s, err := bdhke.NewScalar(sum[:])
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// rotate makes a new active keyset of 16 powers of two and retires the others
// of its unit.
func (s *testSigner) rotate(tb testing.TB, unit cashu.Unit, feePPK, expiry uint64) cashu.Keyset {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	private := map[cashu.Amount]mintkey.Key{}
	public := map[cashu.Amount]bdhke.Point{}
	for i := range 16 {
		k := mintkey.New(scalar(tb, fmt.Sprintf("%s/%d/%d", unit, len(s.keysets), i)))
		private[1<<i], public[1<<i] = k, k.Public()
	}
	keys, err := cashu.NewKeys(public)
	if err != nil {
		tb.Fatal(err)
	}
	next := make([]cashu.Keyset, len(s.keysets), len(s.keysets)+1)
	copy(next, s.keysets)
	for i := range next {
		if next[i].Unit == unit {
			next[i].Active = false
		}
	}
	ks := cashu.Keyset{
		ID: cashu.DeriveKeysetIDV2(keys, unit, feePPK, expiry), Unit: unit, Active: true,
		InputFeePPK: feePPK, FinalExpiry: expiry, Keys: keys,
	}
	s.keysets, s.keys[ks.ID] = append(next, ks), private
	s.epoch++
	close(s.changed)
	s.changed = make(chan struct{})
	return ks
}

func (s *testSigner) snapshot() (signatory.Snapshot, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return signatory.Snapshot{Identity: s.identity, Epoch: s.epoch, Keysets: s.keysets}, s.changed
}

func (s *testSigner) away() error {
	if s.down.Load() {
		return fmt.Errorf("test signer: %w", signatory.ErrUnavailable)
	}
	return nil
}

func (s *testSigner) Keysets(context.Context) (signatory.Snapshot, error) {
	snap, _ := s.snapshot()
	return snap, s.away()
}

func (s *testSigner) SubscribeKeysets(ctx context.Context, fn func(signatory.Snapshot) error) error {
	for {
		if err := s.away(); err != nil {
			return err
		}
		snap, changed := s.snapshot()
		if err := fn(snap); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

func (s *testSigner) key(id cashu.KeysetID, a cashu.Amount) (mintkey.Key, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.keys[id][a]
	return k, ok
}

func (s *testSigner) VerifyProofs(_ context.Context, proofs []cashu.Proof) error {
	if err := s.away(); err != nil {
		return err
	}
	for _, p := range proofs {
		k, ok := s.key(p.ID, p.Amount)
		if !ok || !k.Verify([]byte(p.Secret), p.C) {
			return cashu.ErrProofInvalid
		}
	}
	return nil
}

func (s *testSigner) BlindSign(_ context.Context, messages []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
	n := s.signCalls.Add(1)
	if hook := s.beforeSign.Load(); hook != nil {
		if err := (*hook)(int(n)); err != nil {
			return nil, err
		}
	}
	if err := s.away(); err != nil {
		return nil, err
	}
	sigs := make([]cashu.BlindSignature, len(messages))
	for i, m := range messages {
		k, ok := s.key(m.ID, m.Amount)
		if !ok {
			return nil, cashu.ErrKeysetUnknown
		}
		c, dleq, err := k.SignWithDLEQ(m.B)
		if err != nil {
			return nil, err
		}
		sigs[i] = cashu.BlindSignature{Amount: m.Amount, ID: m.ID, C: c, DLEQ: &dleq}
	}
	return sigs, nil
}

// onSign makes every BlindSign call fn first.
func (s *testSigner) onSign(fn func(call int) error) { s.beforeSign.Store(&fn) }

// testBackend is a payment backend whose invoices are paid by the test.
type testBackend struct {
	mu       sync.Mutex
	n        int
	amounts  map[string]cashu.Amount
	paid     map[string]bool
	checked  map[string]int
	payments chan lightning.Incoming

	cancelled map[string]int // how often
}

var (
	_ lightning.Receiver  = (*testBackend)(nil)
	_ lightning.Canceller = (*testBackend)(nil)
)

func newTestBackend() *testBackend {
	return &testBackend{amounts: map[string]cashu.Amount{}, paid: map[string]bool{}, checked: map[string]int{}, payments: make(chan lightning.Incoming), cancelled: map[string]int{}}
}

func (b *testBackend) Settings() []lightning.Settings {
	return []lightning.Settings{{Method: "bolt11", Unit: "sat", MinAmount: 1, MaxAmount: 30000, Description: true}}
}

func (b *testBackend) CreateInvoice(_ context.Context, r lightning.InvoiceRequest) (lightning.Invoice, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n++
	id := fmt.Sprintf("lookup-%d", b.n)
	b.amounts[id] = r.Amount
	return lightning.Invoice{Request: "lnbc" + id, LookupID: id, Expiry: r.Expiry}, nil
}

func (b *testBackend) incoming(id string) lightning.Incoming {
	return lightning.Incoming{Method: "bolt11", LookupID: id, PaymentID: id, Amount: b.amounts[id], Unit: "sat"}
}

func (b *testBackend) CheckIncoming(_ context.Context, _, id string) ([]lightning.Incoming, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.checked[id]++
	if !b.paid[id] {
		return nil, nil
	}
	return []lightning.Incoming{b.incoming(id)}, nil
}

func (b *testBackend) WatchIncoming(ctx context.Context, deliver func(lightning.Incoming) error) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case p := <-b.payments:
			if err := deliver(p); err != nil {
				return err
			}
		}
	}
}

func (b *testBackend) CancelInvoice(_ context.Context, _, id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cancelled[id]++
	return nil
}

func (b *testBackend) Close() error { return nil }

// pay marks the quote's invoice paid; the next poll finds it.
func (b *testBackend) pay(q mint.MintQuote) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.paid[q.LookupID] = true
}

// asked is how often the mint has asked about the quote.
func (b *testBackend) asked(q mint.MintQuote) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.checked[q.LookupID]
}

// world is a mint with everything around it, and a wallet.
type world struct {
	tb      testing.TB
	signer  *testSigner
	backend *testBackend
	payer   *testPayer
	store   mint.Store
	clock   atomic.Int64 // unix seconds
	mint    *mint.Mint
	secrets atomic.Int64
}

// newWorld has one active sat keyset without a fee. The mint is not running:
// tests apply keysets and sweep when they want to.
func newWorld(tb testing.TB, store mint.Store) *world {
	tb.Helper()
	w := &world{tb: tb, signer: newTestSigner(tb), backend: newTestBackend(), payer: newTestPayer(), store: store}
	w.clock.Store(1_800_000_000)
	w.mint = w.newMint("first")
	return w
}

func (w *world) newMint(owner string) *mint.Mint {
	w.tb.Helper()
	m, err := mint.New(context.Background(), w.config(owner))
	if err != nil {
		w.tb.Fatal(err)
	}
	w.refresh(m)
	return m
}

func (w *world) config(owner string) mint.Config {
	return mint.Config{
		Store: w.store, Signer: w.signer, Source: w.signer, Owner: owner,
		Backends: []mint.Backend{{Name: "node", Receiver: w.backend, Payer: w.payer}},
		Clock:    func() time.Time { return time.Unix(w.clock.Load(), 0) },
	}
}

// refresh gives the mint the signatory's current keysets, as a mint that is
// asked for nothing in particular does when its subscription is not up.
func (w *world) refresh(m *mint.Mint) {
	w.tb.Helper()
	snap, _ := w.signer.snapshot()
	if err := m.ApplyKeysets(context.Background(), snap); err != nil {
		w.tb.Fatal(err)
	}
}

func (w *world) active(unit cashu.Unit) cashu.Keyset {
	snap, _ := w.signer.snapshot()
	for _, ks := range snap.Keysets {
		if ks.Unit == unit && ks.Active {
			return ks
		}
	}
	w.tb.Fatalf("no active keyset of %s", unit)
	return cashu.Keyset{}
}

// note is an output and what its owner needs to make a coin of its signature.
type note struct {
	cashu.BlindedMessage
	secret string
	r      bdhke.Scalar
}

func (w *world) notes(ks cashu.Keyset, amounts ...cashu.Amount) []note {
	w.tb.Helper()
	notes := make([]note, len(amounts))
	for i, a := range amounts {
		n := w.secrets.Add(1)
		secret := fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "secret %d", n)))
		r := scalar(w.tb, fmt.Sprintf("blind %d", n))
		b, err := bdhke.Blind([]byte(secret), r)
		if err != nil {
			w.tb.Fatal(err)
		}
		notes[i] = note{cashu.BlindedMessage{Amount: a, ID: ks.ID, B: b}, secret, r}
	}
	return notes
}

func messages(notes []note) []cashu.BlindedMessage {
	out := make([]cashu.BlindedMessage, len(notes))
	for i := range notes {
		out[i] = notes[i].BlindedMessage
	}
	return out
}

// coins unblinds the signatures and checks their DLEQ proofs, as a wallet must.
func (w *world) coins(notes []note, sigs []cashu.BlindSignature) []cashu.Proof {
	w.tb.Helper()
	if len(sigs) != len(notes) {
		w.tb.Fatalf("%d signatures for %d outputs", len(sigs), len(notes))
	}
	proofs := make([]cashu.Proof, len(notes))
	for i, n := range notes {
		ks, ok := w.mint.Keysets().Get(n.ID)
		if !ok || sigs[i].ID != n.ID || sigs[i].Amount != n.Amount {
			w.tb.Fatalf("signature %d is for another keyset or amount", i)
		}
		key, _ := ks.Keys.Get(n.Amount)
		if sigs[i].DLEQ == nil || !bdhke.VerifyDLEQ(key, n.B, sigs[i].C, *sigs[i].DLEQ) {
			w.tb.Fatalf("signature %d has no valid DLEQ proof", i)
		}
		c, err := bdhke.Unblind(sigs[i].C, n.r, key)
		if err != nil {
			w.tb.Fatal(err)
		}
		proofs[i] = cashu.Proof{Amount: n.Amount, ID: n.ID, Secret: n.secret, C: c}
	}
	return proofs
}

// quote makes a mint quote over bolt11.
func (w *world) quote(amount cashu.Amount) mint.MintQuote {
	w.tb.Helper()
	q, err := w.mint.CreateMintQuote(context.Background(), "bolt11", cashu.MintQuoteRequest{Amount: amount, Unit: "sat"})
	if err != nil {
		w.tb.Fatal(err)
	}
	return q
}

// mintCoins makes coins of the amounts, by paying a quote for their sum.
func (w *world) mintCoins(amounts ...cashu.Amount) []cashu.Proof {
	w.tb.Helper()
	sum, err := cashu.Sum(amounts...)
	if err != nil {
		w.tb.Fatal(err)
	}
	q := w.quote(sum)
	w.backend.pay(q)
	notes := w.notes(w.active("sat"), amounts...)
	sigs, err := w.mint.Issue(context.Background(), "bolt11", cashu.MintRequest{Quote: q.ID, Outputs: messages(notes)})
	if err != nil {
		w.tb.Fatal(err)
	}
	return w.coins(notes, sigs)
}

// states reads the states of the proofs.
func (w *world) states(proofs []cashu.Proof) []mint.ProofState {
	w.tb.Helper()
	ys := make([]bdhke.Point, len(proofs))
	for i, p := range proofs {
		y, err := p.Y()
		if err != nil {
			w.tb.Fatal(err)
		}
		ys[i] = y
	}
	records, err := w.mint.CheckState(context.Background(), ys)
	if err != nil {
		w.tb.Fatal(err)
	}
	states := make([]mint.ProofState, len(records))
	for i, r := range records {
		states[i] = r.State
	}
	return states
}

func (w *world) wantStates(proofs []cashu.Proof, want mint.ProofState) {
	w.tb.Helper()
	for i, got := range w.states(proofs) {
		if got != want {
			w.tb.Errorf("proof %d is %v, want %v", i, got, want)
		}
	}
}

// wantRestorable checks how many of the notes can be restored.
func (w *world) wantRestorable(notes []note, want int) {
	w.tb.Helper()
	outputs, sigs, err := w.mint.Restore(context.Background(), messages(notes))
	if err != nil {
		w.tb.Fatal(err)
	}
	if len(outputs) != want || len(sigs) != want {
		w.tb.Errorf("%d outputs and %d signatures are restorable, want %d", len(outputs), len(sigs), want)
	}
}

// wantSagas checks how many unfinished sagas there are.
func (w *world) wantSagas(want int) {
	w.tb.Helper()
	sagas, err := w.store.Sagas(context.Background())
	if err != nil {
		w.tb.Fatal(err)
	}
	if len(sagas) != want {
		w.tb.Errorf("%d unfinished sagas, want %d", len(sagas), want)
	}
}

func wantCode(tb testing.TB, err error, want cashu.Code) {
	tb.Helper()
	var refusal *cashu.Error
	if !errors.As(err, &refusal) {
		tb.Errorf("error %v, want code %d", err, want)
		return
	}
	if refusal.Code != want {
		tb.Errorf("code %d (%s), want %d", refusal.Code, refusal.Detail, want)
	}
}

// wantSameSignatures compares what a wallet would read.
func wantSameSignatures(tb testing.TB, got, want []cashu.BlindSignature) {
	tb.Helper()
	g, err := json.Marshal(got)
	if err != nil {
		tb.Fatal(err)
	}
	w, err := json.Marshal(want)
	if err != nil {
		tb.Fatal(err)
	}
	if string(g) != string(w) {
		tb.Errorf("other signatures: %s, want %s", g, w)
	}
}
