package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// outside plays the world: payers who pay requests, and payees who take payments, or do
// not. It is what a node is to a real processor.
type outside struct {
	book    *ledger
	network string
	delay   time.Duration
	autopay time.Duration
}

// What payees do, by the first word of the description of their invoice. The second may
// be the preimage in hex, which only the payee knows in the real world.
const (
	holds   = "hold" // neither takes nor refuses, until somebody says so
	refuses = "fail" // never takes
)

func conductOf(description string) (conduct, preimage string) {
	conduct, preimage, _ = strings.Cut(description, " ")
	return conduct, preimage
}

var (
	errNobody  = errors.New("there is no such request")
	errExpired = errors.New("the request has expired")
	errPaid    = errors.New("the invoice is paid")
	errNoHold  = errors.New("nothing of this is held")
)

// resume goes on with what was under way when the process ended. The file has the last
// word: an order without an end is open.
func (w *outside) resume() {
	w.book.mu.Lock()
	defer w.book.mu.Unlock()
	for _, tries := range w.book.orders {
		if last := tries[len(tries)-1]; last.end == nil {
			w.pay(last)
		}
	}
}

// pay goes on with an order. The caller holds the ledger's mu.
func (w *outside) pay(o *order) {
	conduct, _ := conductOf(o.Conduct)
	if conduct == holds {
		return
	}
	time.AfterFunc(w.delay, func() {
		w.book.mu.Lock()
		defer w.book.mu.Unlock()
		w.finish(o, conduct != refuses)
	})
}

// finish ends an order. A payment to ourselves ends both sides in one record.
func (w *outside) finish(o *order, take bool) {
	if o.end != nil {
		return
	}
	e := &end{Quote: o.Quote, Try: o.Try, Paid: take}
	if own := w.book.texts[o.Text]; take && own != nil {
		if e.Paid = w.payable(own) == nil; e.Paid {
			e.Own = &received{Request: own.Name, ID: rand.Text(), Amount: o.Amount}
			e.Proof = hex.EncodeToString(own.Preimage)
		}
	}
	if e.Paid {
		e.Spent = o.Amount + min(1, o.MaxFee)
		if _, preimage := conductOf(o.Conduct); e.Proof == "" && proves(preimage, o.Debt) {
			e.Proof = preimage
		}
	}
	if err := w.book.write(record{End: e}); err != nil {
		_ = lost(err)
	}
}

// proves tells whether a preimage is that of the payment hash.
func proves(preimage, hash string) bool {
	raw, err := hex.DecodeString(preimage)
	sum := sha256.Sum256(raw)
	return err == nil && hex.EncodeToString(sum[:]) == hash
}

// payable tells whether a request can be paid now.
func (w *outside) payable(r *request) error {
	switch {
	case time.Now().After(r.Expires):
		return errExpired
	case r.Method == "bolt11" && len(r.received) > 0:
		return errPaid
	}
	return nil
}

// given lets somebody pay a new request by himself.
func (w *outside) given(r *request) {
	if w.autopay > 0 {
		time.AfterFunc(w.autopay, func() { _ = w.receive(r.Text, 0) })
	}
}

// receive lets somebody pay a request.
func (w *outside) receive(text string, amount uint64) error {
	w.book.mu.Lock()
	defer w.book.mu.Unlock()
	r := w.book.texts[text]
	if r == nil {
		return errNobody
	}
	if err := w.payable(r); err != nil {
		return err
	}
	if r.Amount != 0 && amount == 0 {
		amount = r.Amount
	}
	if amount == 0 {
		amount = 1000
	}
	return w.book.write(record{Received: &received{Request: r.Name, ID: rand.Text(), Amount: amount}})
}

// release lets a payee take what he holds, or not.
func (w *outside) release(text string, take bool) error {
	w.book.mu.Lock()
	defer w.book.mu.Unlock()
	for _, tries := range w.book.orders {
		if o := tries[len(tries)-1]; o.Text == text && o.end == nil {
			w.finish(o, take)
			return nil
		}
	}
	return errNoHold
}

// paidOut tells how much went out for what, in thousandths of a satoshi.
func (w *outside) paidOut() map[string]uint64 {
	w.book.mu.Lock()
	defer w.book.mu.Unlock()
	sums := map[string]uint64{}
	for _, tries := range w.book.orders {
		for _, o := range tries {
			if o.end != nil && o.end.Paid {
				sums[o.Text] += o.Msat
			}
		}
	}
	return sums
}

// handler is the console.
func (w *outside) handler() http.Handler {
	mux := http.NewServeMux()
	answer := func(rw http.ResponseWriter, err error) {
		if err != nil {
			http.Error(rw, err.Error(), http.StatusConflict)
		}
	}
	mux.HandleFunc("POST /pay", func(rw http.ResponseWriter, r *http.Request) {
		amount, _ := strconv.ParseUint(r.FormValue("amount"), 10, 64)
		answer(rw, w.receive(r.FormValue("request"), amount))
	})
	mux.HandleFunc("POST /release", func(rw http.ResponseWriter, r *http.Request) {
		answer(rw, w.release(r.FormValue("request"), r.FormValue("take") == "true"))
	})
	mux.HandleFunc("GET /paid", func(rw http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(rw).Encode(w.paidOut()) })
	return mux
}
