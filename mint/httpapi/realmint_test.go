package httpapi_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mintmark/bdhke"
	"mintmark/bdhke/mintkey"
	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/gate"
	"mintmark/mint/httpapi"
	"mintmark/mint/lightning/bolt11"
	"mintmark/mint/lightning/fake"
	"mintmark/mint/sqlstore"
	"mintmark/signatory"
)

// keyring is a signatory with some keysets, in memory.
type keyring struct {
	keysets []cashu.Keyset
	keys    map[cashu.KeysetID]map[cashu.Amount]mintkey.Key
	epoch   uint64
	signed  atomic.Int64 // messages that it was asked to sign
	away    atomic.Bool
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

// keyset adds one with the powers of two up to 2^15, and 2^63, which is large
// enough for two of it to overflow.
func (k *keyring) keyset(tb testing.TB, unit cashu.Unit, active bool, expiry uint64) cashu.Keyset {
	tb.Helper()
	private, public := map[cashu.Amount]mintkey.Key{}, map[cashu.Amount]bdhke.Point{}
	for _, i := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 63} {
		key := mintkey.New(scalar(tb, fmt.Sprintf("%s/%d/%d", unit, len(k.keysets), i)))
		private[1<<i], public[1<<i] = key, key.Public()
	}
	keys, err := cashu.NewKeys(public)
	if err != nil {
		tb.Fatal(err)
	}
	ks := cashu.Keyset{ID: cashu.DeriveKeysetIDV2(keys, unit, 0, expiry), Unit: unit, Active: active, FinalExpiry: expiry, Keys: keys}
	k.epoch++
	k.keysets, k.keys[ks.ID] = append(k.keysets, ks), private
	return ks
}

func (k *keyring) Keysets(context.Context) (signatory.Snapshot, error) {
	if k.away.Load() {
		return signatory.Snapshot{}, signatory.ErrUnavailable
	}
	return signatory.Snapshot{Identity: k.keys[k.keysets[0].ID][1].Public(), Epoch: k.epoch, Keysets: k.keysets}, nil
}

func (k *keyring) SubscribeKeysets(ctx context.Context, _ func(signatory.Snapshot) error) error {
	<-ctx.Done()
	return ctx.Err()
}

func (k *keyring) VerifyProofs(_ context.Context, proofs []cashu.Proof) error {
	for _, p := range proofs {
		if !k.keys[p.ID][p.Amount].Verify([]byte(p.Secret), p.C) {
			return cashu.ErrProofInvalid
		}
	}
	return nil
}

func (k *keyring) BlindSign(_ context.Context, messages []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
	k.signed.Add(int64(len(messages)))
	sigs := make([]cashu.BlindSignature, len(messages))
	for i, m := range messages {
		c, dleq, err := k.keys[m.ID][m.Amount].SignWithDLEQ(m.B)
		if err != nil {
			return nil, err
		}
		sigs[i] = cashu.BlindSignature{Amount: m.Amount, ID: m.ID, C: c, DLEQ: &dleq}
	}
	return sigs, nil
}

// realMint is a mint with its routes, its database and a payment backend in which
// nobody pays by himself.
type realMint struct {
	tb      testing.TB
	dir     string
	methods []string
	keys    *keyring
	wrap    func(mint.Signer) mint.Signer // nil: as it is
	clock   atomic.Int64
	backend *fake.Backend
	store   *sqlstore.Store
	mint    *mint.Mint
	handler http.Handler
	secrets int

	sat, old, brief, usd cashu.Keyset // brief expires in an hour
}

// newRealMint can be paid by these methods; none are bolt11.
func newRealMint(tb testing.TB, methods ...string) *realMint {
	tb.Helper()
	m := &realMint{tb: tb, methods: methods, dir: tb.TempDir(), keys: &keyring{keys: map[cashu.KeysetID]map[cashu.Amount]mintkey.Key{}}}
	m.clock.Store(1_800_000_000)
	m.old = m.keys.keyset(tb, "sat", false, 0)
	m.sat = m.keys.keyset(tb, "sat", true, 0)
	m.brief = m.keys.keyset(tb, "sat", true, 1_800_003_600)
	m.usd = m.keys.keyset(tb, "usd", true, 0)
	m.start()
	tb.Cleanup(m.stop)
	return m
}

func (m *realMint) now() time.Time { return time.Unix(m.clock.Load(), 0) }

func (m *realMint) start() {
	m.tb.Helper()
	ctx, quiet := context.Background(), slog.New(slog.DiscardHandler)
	var err error
	must := func() {
		m.tb.Helper()
		if err != nil {
			m.tb.Fatal(err)
		}
	}
	m.backend, err = fake.Open(ctx, fake.Config{
		Path: filepath.Join(m.dir, "fake.db"), Methods: m.methods, Units: []cashu.Unit{"sat", "usd"}, IncomingDelay: -1, OutgoingDelay: -1,
		MinAmount: 1, MaxAmount: 20_000, FeeReserveMin: 8, Clock: m.now, Logger: quiet,
	})
	must()
	owner := rand.Text()
	m.store, err = sqlstore.Open(ctx, sqlstore.Config{Path: filepath.Join(m.dir, "mint.db"), Owner: owner, Logger: quiet})
	must()
	var signer mint.Signer = m.keys
	if m.wrap != nil {
		signer = m.wrap(signer)
	}
	m.mint, err = mint.New(ctx, mint.Config{
		Store: m.store, Owner: owner, Signer: signer, Source: m.keys, Logger: quiet, Clock: m.now, PollInterval: time.Nanosecond,
		Backends: []mint.Backend{{Receiver: m.backend, Payer: m.backend}},
	})
	must()
	snapshot, err := m.keys.Keysets(ctx)
	if err == nil {
		err = m.mint.ApplyKeysets(ctx, snapshot)
	}
	if !m.keys.away.Load() {
		must()
	}
	m.handler, err = httpapi.New(httpapi.Config{Mint: m.mint})
	must()
}

func (m *realMint) stop() {
	m.tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = m.mint.Run(ctx)
	if err := m.store.Close(); err != nil {
		m.tb.Error(err)
	}
	if err := m.backend.Close(); err != nil {
		m.tb.Error(err)
	}
}

// limited is the same mint behind a gate that lets each address ask once.
func (m *realMint) limited() http.Handler {
	m.tb.Helper()
	once := gate.Rate{PerSecond: 0.001, Burst: 1}
	g, err := gate.New(gate.Config{Rates: map[gate.Class]gate.Rate{gate.Quotes: once}})
	if err != nil {
		m.tb.Fatal(err)
	}
	h, err := httpapi.New(httpapi.Config{Mint: m.mint, Gate: g})
	if err != nil {
		m.tb.Fatal(err)
	}
	return h
}

func post(h http.Handler, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", path, strings.NewReader(body)))
	return w
}

func get(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}

// mustPost sends a value of the cashu package and reads the answer, which must be
// a success, into out.
func (m *realMint) mustPost(path string, body, out any) string {
	m.tb.Helper()
	w := post(m.handler, path, m.encode(body))
	if w.Code != http.StatusOK {
		m.tb.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	text := w.Body.String()
	if err := cashu.Decode(w.Body.Bytes(), out); err != nil {
		m.tb.Fatal(err)
	}
	return text
}

func (m *realMint) encode(v any) string {
	m.tb.Helper()
	if text, ok := v.(string); ok {
		return text
	}
	b, err := cashu.Encode(v)
	if err != nil {
		m.tb.Fatal(err)
	}
	return string(b)
}

// output is a blinded message with what its owner needs to open the signature.
type output struct {
	cashu.BlindedMessage
	secret string
	r      bdhke.Scalar
}

func (m *realMint) outputs(ks cashu.Keyset, amounts ...cashu.Amount) []output {
	m.tb.Helper()
	list := make([]output, len(amounts))
	for i, a := range amounts {
		m.secrets++
		secret := fmt.Sprintf("%064x", m.secrets)
		r := scalar(m.tb, "blind "+secret)
		b, err := bdhke.Blind([]byte(secret), r)
		if err != nil {
			m.tb.Fatal(err)
		}
		list[i] = output{cashu.BlindedMessage{Amount: a, ID: ks.ID, B: b}, secret, r}
	}
	return list
}

func messages(list []output) []cashu.BlindedMessage {
	all := make([]cashu.BlindedMessage, len(list))
	for i, o := range list {
		all[i] = o.BlindedMessage
	}
	return all
}

// quote makes a quote and pays it.
func (m *realMint) quote(unit cashu.Unit, amount cashu.Amount) string {
	m.tb.Helper()
	id := m.unpaid(unit, amount)
	q, err := m.store.MintQuote(context.Background(), "bolt11", id)
	if err == nil {
		err = m.backend.Pay(context.Background(), q.LookupID)
	}
	if err != nil {
		m.tb.Fatal(err)
	}
	if _, err := m.mint.MintQuote(context.Background(), "bolt11", id); err != nil { // hears of the payment
		m.tb.Fatal(err)
	}
	return id
}

func (m *realMint) unpaid(unit cashu.Unit, amount cashu.Amount) string {
	m.tb.Helper()
	var q struct {
		Quote string `json:"quote"`
	}
	m.mustPost("/v1/mint/quote/bolt11", fmt.Sprintf(`{"amount":%d,"unit":%q}`, amount, unit), &q)
	return q.Quote
}

// coins are minted, one for each amount.
func (m *realMint) coins(ks cashu.Keyset, amounts ...cashu.Amount) []cashu.Proof {
	m.tb.Helper()
	sum, err := cashu.Sum(amounts...)
	if err != nil {
		m.tb.Fatal(err)
	}
	outputs := m.outputs(ks, amounts...)
	var resp cashu.MintResponse
	m.mustPost("/v1/mint/bolt11", cashu.MintRequest{Quote: m.quote(ks.Unit, sum), Outputs: messages(outputs)}, &resp)
	return m.open(outputs, resp.Signatures)
}

func (m *realMint) open(outputs []output, sigs []cashu.BlindSignature) []cashu.Proof {
	m.tb.Helper()
	proofs := make([]cashu.Proof, len(outputs))
	for i, o := range outputs {
		c, err := bdhke.Unblind(sigs[i].C, o.r, m.keys.keys[o.ID][o.Amount].Public())
		if err != nil {
			m.tb.Fatal(err)
		}
		proofs[i] = cashu.Proof{Amount: o.Amount, ID: o.ID, Secret: o.secret, C: c}
	}
	return proofs
}

// counterfeit are coins that are signed with the right key and that the mint has
// not issued.
func (m *realMint) counterfeit(ks cashu.Keyset, amounts ...cashu.Amount) []cashu.Proof {
	m.tb.Helper()
	outputs := m.outputs(ks, amounts...)
	sigs, err := m.keys.BlindSign(context.Background(), messages(outputs))
	if err != nil {
		m.tb.Fatal(err)
	}
	return m.open(outputs, sigs)
}

// invoice is of somebody outside; the description says how its payment ends.
func (m *realMint) invoice(sat uint64, description string) string {
	m.tb.Helper()
	key, err := bolt11.GenerateKey()
	if err != nil {
		m.tb.Fatal(err)
	}
	v := bolt11.Invoice{
		Network: bolt11.Mainnet, AmountMsat: 1000 * sat, Timestamp: m.now(), Description: description,
		Features: []int{bolt11.FeatureOnionRequired, bolt11.FeaturePaymentSecretRequired},
	}
	_, _ = rand.Read(v.PaymentHash[:])
	_, _ = rand.Read(v.PaymentSecret[:])
	text, err := bolt11.Encode(v, key)
	if err != nil {
		m.tb.Fatal(err)
	}
	return text
}

func (m *realMint) meltQuote(invoice string) string {
	m.tb.Helper()
	var q struct {
		Quote string `json:"quote"`
	}
	m.mustPost("/v1/melt/quote/bolt11", fmt.Sprintf(`{"request":%q,"unit":"sat"}`, invoice), &q)
	return q.Quote
}

// rows is everything that is in the mint's database, but for the times at which
// it last asked the backend.
func (m *realMint) rows(tb testing.TB) string {
	tb.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(m.dir, "mint.db")+"?mode=ro")
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	names := m.column(tb, db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
	if len(names) < 10 {
		tb.Fatalf("the tables are %v", names)
	}
	var text strings.Builder
	for _, name := range names {
		columns := m.column(tb, db, fmt.Sprintf("SELECT name FROM pragma_table_info('%s') WHERE name <> 'polled'", name))
		list := m.column(tb, db, fmt.Sprintf("SELECT quote(%s) FROM %s", strings.Join(columns, ") || ',' || quote("), name))
		slices.Sort(list)
		fmt.Fprintf(&text, "%s:\n  %s\n", name, strings.Join(list, "\n  "))
	}
	return text.String()
}

func (m *realMint) column(tb testing.TB, db *sql.DB, query string) (list []string) {
	tb.Helper()
	rows, err := db.QueryContext(context.Background(), query)
	if err != nil {
		tb.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			tb.Fatal(err)
		}
		list = append(list, s)
	}
	if err := rows.Err(); err != nil {
		tb.Fatal(err)
	}
	return list
}
