package cln_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mintmark/mint/lightning/bolt11"
)

// node plays a Core Lightning node behind its REST plugin: the methods, parameters,
// answers and error codes that the documentation gives. What payees do is in the
// description of their invoice: "take PREIMAGE", "hold PREIMAGE" or "fail PREIMAGE".
type node struct {
	t      testing.TB
	server *httptest.Server
	dir    string
	key    bolt11.Key

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced
	invoices []*madeInvoice
	paid     uint64 // invoices so far
	offers   map[string]*madeOffer
	pays     []*madePay
	allowed  map[string]bool // nil: every method
	lose     map[string]bool // methods that are carried out and not answered
	drop     map[string]bool // methods that never arrive
	funds    int64           // msat
	orders   int
	name     string // its key
	hollow   bool   // listpays answers with nothing
	network  string
	version  string
	channels int
	behind   string          // why it is not ready
	seen     map[string]bool // methods that were called
}

type madeInvoice struct {
	label, hash, bolt11, offer string
	preimage                   []byte
	msat, received, index      uint64
	expires                    time.Time
	paidAt                     time.Time
	deleted                    bool
}

type madeOffer struct {
	ID, Description string
	Msat            uint64
	Until           int64
}

type madePay struct {
	label, hash, request, status, conduct, preimage string
	msat, fee                                       uint64
}

type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func newNode(t testing.TB) *node {
	t.Helper()
	key, err := bolt11.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	n := &node{
		t: t, dir: t.TempDir(), key: key, changed: make(chan struct{}), offers: map[string]*madeOffer{}, funds: 10_000_000_000, network: "regtest", version: "v24.11.1", channels: 1, name: "02" + strings.Repeat("ab", 32),
		lose: map[string]bool{}, drop: map[string]bool{}, seen: map[string]bool{},
	}
	n.server = httptest.NewTLSServer(http.HandlerFunc(n.serve))
	t.Cleanup(n.server.Close)
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: n.server.Certificate().Raw})
	for name, text := range map[string][]byte{"ca.pem": cert, "rune": []byte("the-rune==\n")} {
		if err := os.WriteFile(filepath.Join(n.dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func (n *node) serve(w http.ResponseWriter, r *http.Request) {
	method := strings.TrimPrefix(r.URL.Path, "/v1/")
	answer := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	n.mu.Lock()
	n.seen[method] = true
	permitted := n.allowed == nil || n.allowed[method]
	lose, drop := n.lose[method], n.drop[method]
	n.mu.Unlock()
	switch {
	case r.Method != http.MethodPost || r.Header.Get("Rune") != "the-rune==":
		answer(http.StatusUnauthorized, rpcError{1501, "Not authorized: Missing rune"})
		return
	case !permitted:
		answer(http.StatusForbidden, rpcError{1502, "Not permitted: method not allowed"})
		return
	case drop:
		panic(http.ErrAbortHandler)
	}
	var params map[string]any
	if err := json.NewDecoder(r.Body).Decode(&params); err != nil {
		answer(http.StatusBadRequest, rpcError{-32700, "parse error"})
		return
	}
	result, failure := n.run(r.Context(), method, params)
	switch {
	case lose:
		panic(http.ErrAbortHandler)
	case failure != nil:
		answer(http.StatusInternalServerError, failure)
	default:
		answer(http.StatusCreated, result)
	}
}

func (n *node) run(ctx context.Context, method string, p map[string]any) (any, *rpcError) {
	n.mu.Lock()
	defer n.mu.Unlock()
	text := func(key string) string { s, _ := p[key].(string); return s }
	number := func(key string) uint64 { f, _ := p[key].(float64); return uint64(f) }
	for _, needed := range map[string][]string{
		"invoice": {"amount_msat", "label", "description"}, "delinvoice": {"label", "status"}, "pay": {"bolt11"}, "decode": {"string"},
		"offer": {"amount"}, "fetchinvoice": {"offer"},
	}[method] {
		if p[needed] == nil {
			return nil, &rpcError{-32602, "missing required parameter: " + needed}
		}
	}
	switch method {
	case "listconfigs":
		return map[string]any{"configs": map[string]any{}}, nil
	case "getinfo":
		return map[string]any{
			"id": n.name, "network": n.network, "alias": "played", "version": n.version, "num_active_channels": n.channels, "warning_lightningd_sync": n.behind,
		}, nil
	case "invoice":
		return n.invoice(text("label"), text("description"), number("amount_msat"), time.Duration(number("expiry"))*time.Second)
	case "listinvoices":
		list := []any{}
		for _, v := range n.invoices {
			if !v.deleted && (text("payment_hash") == v.hash || text("offer_id") != "" && text("offer_id") == v.offer) {
				list = append(list, v.show())
			}
		}
		return map[string]any{"invoices": list}, nil
	case "delinvoice":
		return n.delete(text("label"), text("status"))
	case "waitanyinvoice":
		return n.waitAny(ctx, number("lastpay_index"), time.Duration(number("timeout"))*time.Second)
	case "offer":
		return n.offer(text("amount"), text("description"), int64(number("absolute_expiry")))
	case "listoffers":
		list := []any{}
		if o := n.offers[text("offer_id")]; o != nil {
			list = append(list, map[string]any{"offer_id": o.ID, "active": true})
		}
		return map[string]any{"offers": list}, nil
	case "decode":
		return n.decode(text("string"))
	case "fetchinvoice":
		return n.fetch(text("offer"), number("amount_msat"))
	case "pay":
		return n.pay(ctx, text("bolt11"), text("label"), number("amount_msat"), number("partial_msat"), number("maxfee"))
	case "listpays":
		if n.hollow {
			return map[string]any{}, nil
		}
		list := []any{}
		for _, v := range n.pays {
			if v.hash == text("payment_hash") {
				list = append(list, v.show())
			}
		}
		return map[string]any{"pays": list}, nil
	case "listfunds":
		return map[string]any{"outputs": []any{}, "channels": []any{
			map[string]any{"state": "CHANNELD_NORMAL", "our_amount_msat": max(n.funds, 0), "amount_msat": max(n.funds, 0) + 5_000_000},
			map[string]any{"state": "ONCHAIN", "our_amount_msat": 77_000},
		}}, nil
	}
	return nil, &rpcError{-32601, "Unknown command"}
}

func (n *node) change() {
	close(n.changed)
	n.changed = make(chan struct{})
}

// wait gives the lock away until something has changed.
func (n *node) wait(ctx context.Context, limit <-chan time.Time) (ok bool) {
	changed := n.changed
	n.mu.Unlock()
	defer n.mu.Lock()
	select {
	case <-changed:
		return true
	case <-ctx.Done():
	case <-limit:
	}
	return false
}

func (n *node) invoice(label, description string, msat uint64, expiry time.Duration) (any, *rpcError) {
	for _, v := range n.invoices {
		if v.label == label {
			return nil, &rpcError{900, "Duplicate label"}
		}
	}
	if expiry == 0 {
		expiry = 7 * 24 * time.Hour
	}
	made := &madeInvoice{label: label, msat: msat, preimage: make([]byte, 32), expires: time.Now().Add(expiry)}
	rand.Read(made.preimage)
	hash := sha256.Sum256(made.preimage)
	made.hash = hex.EncodeToString(hash[:])
	v := bolt11.Invoice{
		Network: bolt11.Regtest, AmountMsat: msat, Timestamp: time.Now().Truncate(time.Second), Expiry: expiry, PaymentHash: hash, Description: description,
		Features: []int{bolt11.FeatureOnionRequired, bolt11.FeaturePaymentSecretRequired},
	}
	rand.Read(v.PaymentSecret[:])
	var err error
	if made.bolt11, err = bolt11.Encode(v, n.key); err != nil {
		return nil, &rpcError{-32602, err.Error()}
	}
	n.invoices = append(n.invoices, made)
	return map[string]any{"bolt11": made.bolt11, "payment_hash": made.hash, "expires_at": made.expires.Unix()}, nil
}

func (v *madeInvoice) status() string {
	switch {
	case v.index > 0:
		return "paid"
	case time.Now().After(v.expires):
		return "expired"
	}
	return "unpaid"
}

func (v *madeInvoice) show() map[string]any {
	m := map[string]any{"label": v.label, "payment_hash": v.hash, "status": v.status(), "expires_at": v.expires.Unix()}
	if v.offer != "" {
		m["local_offer_id"] = v.offer
	}
	if v.index > 0 {
		maps.Copy(m, map[string]any{
			"pay_index": v.index, "amount_received_msat": v.received, "paid_at": v.paidAt.Unix(), "payment_preimage": hex.EncodeToString(v.preimage),
		})
	}
	return m
}

func (n *node) delete(label, status string) (any, *rpcError) {
	for _, v := range n.invoices {
		if v.label != label || v.deleted {
			continue
		}
		if v.status() != status {
			return nil, &rpcError{906, "Invoice status is " + v.status() + " not " + status}
		}
		v.deleted = true
		return v.show(), nil
	}
	return nil, &rpcError{905, "Unknown invoice"}
}

// receive lets somebody pay an invoice of the node. The caller holds mu.
func (n *node) receive(v *madeInvoice, msat uint64) error {
	if v.deleted || v.status() != "unpaid" {
		return fmt.Errorf("the invoice is %s", v.status())
	}
	n.paid++
	v.index, v.received, v.paidAt = n.paid, msat, time.Now()
	n.funds += int64(msat)
	n.change()
	return nil
}

func (n *node) waitAny(ctx context.Context, last uint64, timeout time.Duration) (any, *rpcError) {
	limit := time.After(timeout)
	for {
		for _, v := range n.invoices {
			if v.index == last+1 {
				m := v.show()
				delete(m, "local_offer_id") // only the list is sure to tell it
				return m, nil
			}
		}
		if !n.wait(ctx, limit) {
			return nil, &rpcError{904, "Timed out while waiting for invoice to be paid"}
		}
	}
}

func (n *node) offer(amount, description string, until int64) (any, *rpcError) {
	o := &madeOffer{Description: description, Until: until}
	if amount != "any" {
		if _, err := fmt.Sscanf(amount, "%dmsat", &o.Msat); err != nil {
			return nil, &rpcError{-32602, "amount: should be an amount"}
		}
	}
	sum := sha256.Sum256(fmt.Append(nil, o.Description, o.Msat, o.Until))
	o.ID = hex.EncodeToString(sum[:])
	_, there := n.offers[o.ID]
	n.offers[o.ID] = o
	return map[string]any{"offer_id": o.ID, "active": true, "single_use": false, "bolt12": o.text(), "used": false, "created": !there}, nil
}

func (o *madeOffer) text() string {
	text, _ := json.Marshal(o)
	return "lno1" + hex.EncodeToString(text)
}

func readOffer(s string) (o madeOffer, ok bool) {
	raw, err := hex.DecodeString(strings.TrimPrefix(s, "lno1"))
	return o, err == nil && json.Unmarshal(raw, &o) == nil
}

type madeBolt12 struct {
	Hash, Conduct, Preimage string
	Msat                    uint64
}

func (n *node) decode(s string) (any, *rpcError) {
	if o, ok := readOffer(s); ok && strings.HasPrefix(s, "lno1") {
		m := map[string]any{"type": "bolt12 offer", "valid": true, "offer_id": o.ID, "offer_description": o.Description}
		if o.Msat != 0 {
			m["offer_amount_msat"] = o.Msat
		}
		if o.Until != 0 {
			m["offer_absolute_expiry"] = o.Until
		}
		if o.Description == "dollars" {
			m["offer_currency"] = "USD"
		}
		return m, nil
	}
	var v madeBolt12
	raw, err := hex.DecodeString(strings.TrimPrefix(s, "lni1"))
	if err != nil || json.Unmarshal(raw, &v) != nil {
		return nil, &rpcError{-32602, "string: invalid string"}
	}
	return map[string]any{"type": "bolt12 invoice", "valid": true, "invoice_payment_hash": v.Hash, "invoice_amount_msat": v.Msat}, nil
}

// fetch asks the maker of an offer for an invoice: this node, or a payee who is played.
func (n *node) fetch(offer string, msat uint64) (any, *rpcError) {
	o, ok := readOffer(offer)
	if !ok {
		return nil, &rpcError{-32602, "offer: unparsable"}
	}
	preimage := make([]byte, 32)
	rand.Read(preimage)
	hash := sha256.Sum256(preimage)
	v := madeBolt12{Hash: hex.EncodeToString(hash[:]), Msat: max(o.Msat, msat), Conduct: o.Description, Preimage: hex.EncodeToString(preimage)}
	if o.Description == "greedy" {
		v.Msat *= 2
	}
	if n.offers[o.ID] != nil {
		n.invoices = append(n.invoices, &madeInvoice{
			label: rand.Text(), hash: v.Hash, offer: o.ID, preimage: preimage, msat: v.Msat, expires: time.Now().Add(time.Hour),
		})
	}
	text, _ := json.Marshal(v)
	return map[string]any{"invoice": "lni1" + hex.EncodeToString(text), "changes": map[string]any{}}, nil
}

// readPayee reads what is to be paid.
func readPayee(request string) (hash, conduct, preimage string, msat uint64, expired bool, ok bool) {
	if v, err := bolt11.Decode(request); err == nil {
		conduct, preimage, _ = strings.Cut(v.Description, " ")
		return hex.EncodeToString(v.PaymentHash[:]), conduct, preimage, v.AmountMsat, time.Now().After(v.ExpiresAt()), true
	}
	var v madeBolt12
	raw, err := hex.DecodeString(strings.TrimPrefix(request, "lni1"))
	if err != nil || json.Unmarshal(raw, &v) != nil {
		return "", "", "", 0, false, false
	}
	return v.Hash, v.Conduct, v.Preimage, v.Msat, false, true
}

// pay waits for the end of the payment, which goes on without the caller.
func (n *node) pay(ctx context.Context, request, label string, chosen, part, maxFee uint64) (any, *rpcError) {
	n.orders++
	hash, conduct, preimage, msat, expired, ok := readPayee(request)
	switch {
	case !ok:
		return nil, &rpcError{-32602, "Invalid bolt11"}
	case msat != 0 && chosen != 0, msat == 0 && chosen == 0:
		return nil, &rpcError{-32602, "amount_msat parameter required, or unnecessary"}
	case expired:
		return nil, &rpcError{207, "Invoice expired"}
	}
	msat = max(msat, chosen)
	if part != 0 {
		msat = part
	}
	for _, v := range n.pays {
		if v.hash != hash || part != 0 {
			continue
		}
		switch v.status {
		case "complete":
			return v.result(), nil
		case "pending":
			return nil, &rpcError{200, "Payment is pending"}
		}
	}
	own := slices.IndexFunc(n.invoices, func(v *madeInvoice) bool { return v.hash == hash })
	if own >= 0 {
		preimage, conduct = hex.EncodeToString(n.invoices[own].preimage), "take"
	}
	if maxFee < 1000 {
		return nil, &rpcError{206, "Fee exceeds our fee budget"}
	}
	if int64(msat) > n.funds {
		return nil, &rpcError{205, "Ran out of routes to try"}
	}
	v := &madePay{label: label, hash: hash, request: request, status: "pending", conduct: conduct, preimage: preimage, msat: msat, fee: 1000}
	n.pays = append(n.pays, v)
	if conduct != "hold" {
		n.finish(v, conduct != "fail")
	}
	for v.status == "pending" {
		if !n.wait(ctx, nil) {
			return nil, &rpcError{210, "nobody hears this"}
		}
	}
	if v.status == "failed" {
		return nil, &rpcError{203, "WIRE_INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS"}
	}
	return v.result(), nil
}

func (n *node) finish(v *madePay, take bool) {
	if v.status = "failed"; take {
		v.status = "complete"
		if own := slices.IndexFunc(n.invoices, func(i *madeInvoice) bool { return i.hash == v.hash }); own >= 0 {
			if n.receive(n.invoices[own], v.msat) != nil {
				v.status = "failed"
			}
		}
	}
	if v.status == "complete" {
		n.funds -= int64(v.msat + v.fee)
	}
	n.change()
}

func (v *madePay) show() map[string]any {
	m := map[string]any{"payment_hash": v.hash, "status": v.status, "created_at": time.Now().Unix()}
	if v.label != "" {
		m["label"] = v.label
	}
	if v.status == "complete" {
		m["preimage"], m["amount_sent_msat"], m["amount_msat"] = v.preimage, fmt.Sprintf("%dmsat", v.msat+v.fee), v.msat
	}
	return m
}

func (v *madePay) result() map[string]any {
	return map[string]any{
		"payment_hash": v.hash, "status": "complete", "payment_preimage": v.preimage, "amount_msat": v.msat, "amount_sent_msat": v.msat + v.fee,
	}
}

// What tests do with the node.

func (n *node) set(change func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change()
}

// pays an invoice, or an offer, of the node.
func (n *node) payIn(request string, msat uint64) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if strings.HasPrefix(request, "lno1") {
		fetched, failure := n.fetch(request, msat)
		if failure != nil {
			return fmt.Errorf("%s", failure.Message)
		}
		hash, _, _, amount, _, _ := readPayee(fetched.(map[string]any)["invoice"].(string))
		i := slices.IndexFunc(n.invoices, func(v *madeInvoice) bool { return v.hash == hash })
		return n.receive(n.invoices[i], amount)
	}
	for _, v := range n.invoices {
		if v.bolt11 == request {
			return n.receive(v, max(msat, v.msat))
		}
	}
	return fmt.Errorf("no such invoice")
}

func (n *node) release(request string, take bool) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, v := range n.pays {
		if v.request == request && v.status == "pending" {
			n.finish(v, take)
			return true
		}
	}
	return false
}

// knows tells whether an order to pay has come.
func (n *node) knows(request string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, v := range n.pays {
		if v.request == request {
			return true
		}
	}
	return false
}

func (n *node) received(request string) (msat uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, v := range n.pays {
		if v.request == request && v.status == "complete" {
			msat += v.msat
		}
	}
	return msat
}
