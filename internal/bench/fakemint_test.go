package bench

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"mintmark/bdhke"
	"mintmark/bdhke/mintkey"
	"mintmark/cashu"
)

// fakeMint is a small true mint in memory: it signs with real keys, verifies real
// proofs, balances, and knows what is spent. Its fields change how it speaks, to
// imitate other mints, and how it lies.
type fakeMint struct {
	t    *testing.T
	id   string
	keys map[uint64]mintkey.Key
	fee  uint64 // see takes

	public cashu.Keys

	quoteStyle func(paid bool) map[string]any // how a quote tells its state
	payAfter   int                            // looks until a quote is paid
	bareKeys   bool                           // /v1/keys without active and fee
	noInfo     bool
	noDLEQ     bool
	refuse     func(path string) (int, string) // status 0: do not
	spoil      func(path string, answer map[string]any)

	mu     sync.Mutex
	quotes map[string]*fakeQuote
	spent  map[string]bool
	signed map[string]map[string]any
	swaps  int
}

type fakeQuote struct {
	amount uint64
	looks  int
	issued bool
}

func newFakeMint(t *testing.T) *fakeMint {
	t.Helper()
	m := &fakeMint{
		t: t, keys: make(map[uint64]mintkey.Key),
		quoteStyle: func(paid bool) map[string]any {
			return map[string]any{"state": map[bool]string{true: "PAID", false: "UNPAID"}[paid]}
		},
		quotes: make(map[string]*fakeQuote), spent: make(map[string]bool), signed: make(map[string]map[string]any),
	}
	public := make(map[cashu.Amount]bdhke.Point)
	for i := range 12 {
		s, err := bdhke.RandomScalar(nil)
		if err != nil {
			t.Fatal(err)
		}
		m.keys[1<<i] = mintkey.New(s)
		public[1<<i] = m.keys[1<<i].Public()
	}
	keys, err := cashu.NewKeys(public)
	if err != nil {
		t.Fatal(err)
	}
	m.public = keys
	m.takes(0)
	return m
}

// takes sets the fee, which is part of the keyset's id.
func (m *fakeMint) takes(fee uint64) {
	m.fee, m.id = fee, cashu.DeriveKeysetIDV2(m.public, cashu.UnitSat, fee, 0).String()
}

// start serves the mint and returns its address.
func (m *fakeMint) start() Mint {
	m.t.Helper()
	s := httptest.NewServer(m)
	m.t.Cleanup(s.Close)
	return Mint{URL: s.URL}
}

func (m *fakeMint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if m.refuse != nil {
		if status, body := m.refuse(r.URL.Path); status != 0 {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
			return
		}
	}
	var body map[string]any
	if r.Method == http.MethodPost {
		d := json.NewDecoder(r.Body)
		d.UseNumber()
		if err := d.Decode(&body); err != nil {
			m.t.Errorf("%s: the body is no JSON: %v", r.URL.Path, err)
		}
	}
	answer, err := m.answer(r.Method, r.URL.Path, body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"detail":%q,"code":11001}`, err)
		return
	}
	if m.spoil != nil {
		m.spoil(r.URL.Path, answer)
	}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		m.t.Error(err)
	}
}

func (m *fakeMint) answer(method, path string, body map[string]any) (map[string]any, error) {
	keyset := map[string]any{"id": m.id, "unit": "sat"}
	switch {
	case path == "/v1/info" && !m.noInfo:
		return map[string]any{"name": "Fake", "version": "fake/1.0", "contact": []any{[]any{"email", "x"}}}, nil
	case path == "/v1/keysets":
		keyset["active"], keyset["input_fee_ppk"] = true, m.fee
		old := map[string]any{"id": "yjzQhxghPdrr", "unit": "sat", "active": true}
		closed := map[string]any{"id": "00ffffffffffffff", "unit": "sat", "active": false, "input_fee_ppk": nil}
		return map[string]any{"keysets": []any{old, closed, keyset}}, nil
	case path == "/v1/keys/"+m.id:
		keys := map[string]string{}
		for amount, k := range m.keys {
			keys[fmt.Sprint(amount)] = k.Public().String()
		}
		keyset["keys"] = keys
		if !m.bareKeys {
			keyset["active"], keyset["input_fee_ppk"], keyset["final_expiry"] = true, m.fee, nil
		}
		return map[string]any{"keysets": []any{keyset}}, nil
	case path == "/v1/mint/quote/bolt11":
		return m.newQuote(body)
	case strings.HasPrefix(path, "/v1/mint/quote/bolt11/") && method == http.MethodGet:
		return m.lookAt(strings.TrimPrefix(path, "/v1/mint/quote/bolt11/"))
	case path == "/v1/mint/bolt11":
		return m.issue(body)
	case path == "/v1/swap":
		return m.swap(body)
	case path == "/v1/checkstate":
		return m.states(body), nil
	case path == "/v1/restore":
		return m.restore(body), nil
	}
	return nil, fmt.Errorf("no such path: %s", path)
}

func (m *fakeMint) newQuote(body map[string]any) (map[string]any, error) {
	id := rand.Text()
	m.quotes[id] = &fakeQuote{amount: number(body["amount"])}
	answer := m.quoteStyle(false)
	answer["quote"], answer["request"] = id, "lnbc1"
	return answer, nil
}

func (m *fakeMint) lookAt(id string) (map[string]any, error) {
	q, known := m.quotes[id]
	if !known {
		return nil, fmt.Errorf("unknown quote")
	}
	q.looks++
	answer := m.quoteStyle(q.looks > m.payAfter)
	answer["quote"], answer["request"] = id, "lnbc1"
	return answer, nil
}

func (m *fakeMint) issue(body map[string]any) (map[string]any, error) {
	q := m.quotes[fmt.Sprint(body["quote"])]
	if q == nil || q.issued || q.looks <= m.payAfter {
		return nil, fmt.Errorf("quote cannot be minted")
	}
	signatures, sum, err := m.sign(body["outputs"])
	if err != nil {
		return nil, err
	}
	if sum != q.amount {
		return nil, fmt.Errorf("outputs over %d on a quote over %d", sum, q.amount)
	}
	q.issued = true
	return map[string]any{"signatures": signatures}, nil
}

func (m *fakeMint) swap(body map[string]any) (map[string]any, error) {
	var sum, inputs uint64
	var ys []string
	for _, raw := range body["inputs"].([]any) {
		in := raw.(map[string]any)
		secret, amount := in["secret"].(string), number(in["amount"])
		c, err := bdhke.ParsePointHex(in["C"].(string))
		if err != nil || len(secret) != 64 || in["id"] != m.id || !m.keys[amount].Verify([]byte(secret), c) {
			return nil, fmt.Errorf("a proof is not valid: %v", err)
		}
		y, _ := bdhke.HashToCurve([]byte(secret))
		if m.spent[y.String()] {
			return nil, fmt.Errorf("a proof is spent")
		}
		ys = append(ys, y.String())
		sum += amount
		inputs++
	}
	fee := (inputs*m.fee + 999) / 1000
	signatures, out, err := m.sign(body["outputs"])
	if err != nil {
		return nil, err
	}
	if sum-fee != out {
		return nil, fmt.Errorf("unbalanced: %d in, %d fee, %d out", sum, fee, out)
	}
	for _, y := range ys {
		m.spent[y] = true
	}
	m.swaps++
	return map[string]any{"signatures": signatures}, nil
}

func (m *fakeMint) sign(outputs any) (signatures []any, sum uint64, err error) {
	for _, raw := range outputs.([]any) {
		out := raw.(map[string]any)
		amount, text := number(out["amount"]), out["B_"].(string)
		b, err := bdhke.ParsePointHex(text)
		if err != nil || m.signed[text] != nil {
			return nil, 0, fmt.Errorf("an output is not valid or signed already: %v", err)
		}
		c, d, err := m.keys[amount].SignWithDLEQ(b)
		if err != nil || out["id"] != m.id {
			return nil, 0, fmt.Errorf("an output cannot be signed: %v", err)
		}
		sig := map[string]any{"amount": amount, "id": m.id, "C_": c.String()}
		if !m.noDLEQ {
			sig["dleq"] = map[string]any{"e": hex.EncodeToString(d.E[:]), "s": hex.EncodeToString(d.S[:])}
		}
		m.signed[text] = sig
		signatures = append(signatures, sig)
		sum += amount
	}
	return signatures, sum, nil
}

func (m *fakeMint) states(body map[string]any) map[string]any {
	states := []any{}
	for _, y := range body["Ys"].([]any) {
		state := map[bool]string{true: "SPENT", false: "UNSPENT"}[m.spent[y.(string)]]
		states = append(states, map[string]any{"Y": y, "state": state, "witness": nil})
	}
	return map[string]any{"states": states}
}

func (m *fakeMint) restore(body map[string]any) map[string]any {
	outputs, signatures := []any{}, []any{}
	for _, raw := range body["outputs"].([]any) {
		if sig := m.signed[raw.(map[string]any)["B_"].(string)]; sig != nil {
			outputs, signatures = append(outputs, raw), append(signatures, sig)
		}
	}
	return map[string]any{"outputs": outputs, "signatures": signatures}
}

func number(v any) uint64 {
	n, _ := v.(json.Number).Int64()
	return uint64(n)
}
