package lntest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Call asks the node over REST with all rights, for what has no function here.
func (n *Node) Call(t testing.TB, method, path string, in, out any) {
	t.Helper()
	if err := n.call(context.Background(), method, path, in, out); err != nil {
		t.Fatalf("lnd %s: %v", n.name, err)
	}
}

// Ask is Call that may fail.
func (n *Node) Ask(method, path string, in, out any) error {
	return n.call(context.Background(), method, path, in, out)
}

// Bake makes a macaroon that permits these calls only, in a file.
func (n *Node) Bake(t testing.TB, calls []string) string {
	t.Helper()
	type permission struct {
		Entity string `json:"entity"`
		Action string `json:"action"`
	}
	var list []permission
	for _, call := range calls {
		list = append(list, permission{"uri", call})
	}
	var v struct{ Macaroon string }
	n.Call(t, http.MethodPost, "/v1/macaroon", map[string]any{"permissions": list}, &v)
	raw, err := hex.DecodeString(v.Macaroon)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "mint.macaroon")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Local is what is on this side of the node's channels and not locked in payments, in
// thousandths of a satoshi.
func (n *Node) Local(t testing.TB) uint64 {
	t.Helper()
	var v struct {
		Local struct{ Msat string } `json:"local_balance"`
	}
	n.Call(t, http.MethodGet, "/v1/balance/channels", nil, &v)
	return parse(t, v.Local.Msat)
}

func parse(t testing.TB, number string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Invoice asks for a payment in thousandths of a satoshi; zero leaves it to the payer.
func (n *Node) Invoice(t testing.TB, msat uint64) string {
	t.Helper()
	var v struct {
		Request string `json:"payment_request"`
	}
	n.Call(t, http.MethodPost, "/v1/invoices", map[string]any{"value_msat": fmt.Sprint(msat)}, &v)
	return v.Request
}

// Hold is an invoice whose payment the node neither takes nor refuses until it is told.
type Hold struct {
	Request string

	node     *Node
	preimage [32]byte
}

// HoldInvoice is Invoice that is held.
func (n *Node) HoldInvoice(t testing.TB, msat uint64) *Hold {
	t.Helper()
	h := &Hold{node: n}
	rand.Read(h.preimage[:])
	hash := sha256.Sum256(h.preimage[:])
	var v struct {
		Request string `json:"payment_request"`
	}
	n.Call(t, http.MethodPost, "/v2/invoices/hodl", map[string]any{
		"hash": base64.StdEncoding.EncodeToString(hash[:]), "value_msat": fmt.Sprint(msat),
	}, &v)
	h.Request = v.Request
	return h
}

// WaitHeld waits until the payment has arrived.
func (h *Hold) WaitHeld(t testing.TB) {
	t.Helper()
	for end := time.Now().Add(patience); !h.Held(t); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no payment has arrived for the held invoice")
		}
	}
}

// Held tells whether the payment has arrived.
func (h *Hold) Held(t testing.TB) bool {
	t.Helper()
	state, _ := h.node.Lookup(t, sha256.Sum256(h.preimage[:]))
	return state == "ACCEPTED"
}

// Release takes the payment, which must have arrived, or lets it go.
func (h *Hold) Release(t testing.TB, take bool) {
	t.Helper()
	h.WaitHeld(t)
	if take {
		h.node.Call(t, http.MethodPost, "/v2/invoices/settle", map[string]any{"preimage": base64.StdEncoding.EncodeToString(h.preimage[:])}, nil)
		return
	}
	hash := sha256.Sum256(h.preimage[:])
	h.node.Call(t, http.MethodPost, "/v2/invoices/cancel", map[string]any{"payment_hash": base64.StdEncoding.EncodeToString(hash[:])}, nil)
}

// Lookup tells the state of an invoice of the node, and how much was paid of it.
func (n *Node) Lookup(t testing.TB, hash [32]byte) (state string, msat uint64) {
	t.Helper()
	var v struct {
		State string
		Msat  string `json:"amt_paid_msat"`
	}
	n.Call(t, http.MethodGet, "/v1/invoice/"+hex.EncodeToString(hash[:]), nil, &v)
	msat = parse(t, v.Msat)
	if v.State != "SETTLED" {
		msat = 0
	}
	return v.State, msat
}

// payment is a payment as lnd tells it.
type payment struct {
	Status  string
	Failure string `json:"failure_reason"`
}

// Pay pays an invoice, and says why it could not. msat is for one without amount.
func (n *Node) Pay(request string, msat uint64) error {
	order := map[string]any{"payment_request": request, "timeout_seconds": 60, "fee_limit_sat": "1000", "no_inflight_updates": true}
	if msat > 0 {
		order["amt_msat"] = fmt.Sprint(msat)
	}
	var last payment
	err := n.stream(context.Background(), http.MethodPost, "/v2/router/send", order, func(line json.RawMessage) (bool, error) {
		err := json.Unmarshal(line, &last)
		return last.Status != "IN_FLIGHT" && last.Status != "INITIATED", err
	})
	if err == nil && last.Status != "SUCCEEDED" {
		err = errors.New(last.Failure)
	}
	return err
}

// Paid tells how the node's payment of this hash stands, "" is none, and how much it
// did cost in thousandths of a satoshi.
func (n *Node) Paid(t testing.TB, hash [32]byte) (status string, msat uint64) {
	t.Helper()
	var v struct {
		payment
		Value string `json:"value_msat"`
		Fee   string `json:"fee_msat"`
	}
	err := n.call(context.Background(), http.MethodGet, "/v2/router/track/"+base64.URLEncoding.EncodeToString(hash[:]), nil, &v)
	if err != nil && strings.Contains(err.Error(), "payment isn't initiated") {
		return "", 0
	}
	if err != nil {
		t.Fatal(err)
	}
	if v.Status == "SUCCEEDED" {
		msat = parse(t, v.Value) + parse(t, v.Fee)
	}
	return v.Status, msat
}

// PayPart pays a part of an invoice of a neighbour, the rest of which others pay.
func (n *Node) PayPart(payee *Node, hash, secret [32]byte, part, whole uint64) error {
	ctx := context.Background()
	id, err := payee.id(ctx)
	if err != nil {
		return err
	}
	var found struct{ Routes []map[string]any }
	err = n.call(ctx, http.MethodPost, "/v1/graph/routes/"+id+"/0", map[string]any{
		"amt_msat": fmt.Sprint(part), "final_cltv_delta": 100, "fee_limit": map[string]any{"fixed": "1000"},
	}, &found)
	if err != nil {
		return fmt.Errorf("finding a route: %w", err)
	}
	hops := found.Routes[0]["hops"].([]any)
	hops[len(hops)-1].(map[string]any)["mpp_record"] = map[string]any{
		"payment_addr": base64.StdEncoding.EncodeToString(secret[:]), "total_amt_msat": fmt.Sprint(whole),
	}
	var v payment
	err = n.call(ctx, http.MethodPost, "/v2/router/route/send", map[string]any{
		"payment_hash": base64.StdEncoding.EncodeToString(hash[:]), "route": found.Routes[0],
	}, &v)
	if err == nil && v.Status != "SUCCEEDED" {
		err = fmt.Errorf("the part is %s", v.Status)
	}
	return err
}
