package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"mintmark/cashu/paymentrequest"
	"mintmark/internal/printable"
	"mintmark/wallet"
)

// anyPort is where a payment is waited for if nothing else is said.
const anyPort = "127.0.0.1:0"

// collectGrace is how long an answer to a payer may take at the end.
const collectGrace = 10 * time.Second

// listenFor opens the place where a payment is waited for, and puts it into the
// request, with the mints whose ecash is taken.
func (s *session) listenFor(ctx context.Context, r *paymentrequest.Request, f requestCreateFlags) (net.Listener, error) {
	if len(r.Mints) == 0 {
		mints, err := s.store.Mints(ctx)
		if err != nil {
			return nil, err
		}
		for _, m := range mints {
			if m.Trusted {
				r.Mints = append(r.Mints, m.URL)
			}
		}
	}
	if len(r.Mints) == 0 {
		return nil, usageError{errors.New("there is no mint yet whose ecash could be taken: say --mint URL")}
	}
	at, err := net.Listen("tcp", f.listen)
	if err != nil {
		return nil, fmt.Errorf("listening for the payment: %w", err)
	}
	if f.post == "" {
		target := "http://" + at.Addr().String() + "/" + r.ID
		if a, ok := at.Addr().(*net.TCPAddr); ok && !a.IP.IsLoopback() {
			s.say("warning: what is posted to %s is money, and is not encrypted on its way", target)
		}
		r.Transports = []paymentrequest.Transport{{Kind: paymentrequest.TransportPost, Target: target}}
	}
	return at, nil
}

// collect waits for the payment.
func (s *session) collect(ctx context.Context, at net.Listener, r paymentrequest.Request) error {
	type payment struct {
		got wallet.Received
		err error
	}
	paid := make(chan payment, 1)
	collector := s.wallet.Collect(r, wallet.ReceiveOptions{}, func(got wallet.Received, err error) {
		select {
		case paid <- payment{got, err}:
		default: // a second one, while the command ends
		}
	})
	mux := http.NewServeMux()
	mux.Handle("/"+r.ID, collector)
	mux.Handle("/{$}", collector) // behind a server that has a path of its own
	server := &http.Server{Handler: mux, ReadHeaderTimeout: collectGrace, ReadTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	served := make(chan error, 1)
	go func() { served <- server.Serve(at) }()
	s.say("Waiting for the payment; Ctrl-C ends the waiting.")
	var p payment
	select {
	case p = <-paid:
	case <-ctx.Done():
	case err := <-served:
		return fmt.Errorf("listening for the payment: %w", err)
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), collectGrace)
	defer cancel()
	_ = server.Shutdown(end) // the payer has its answer
	select {
	case p = <-paid: // it came at the last moment
	default:
	}
	switch {
	case p.err != nil:
		return p.err
	case p.got.Amount == 0:
		return fmt.Errorf("%w: request %s", errNotPaid, r.ID)
	}
	v := receivedJSON{p.got.MintURL, p.got.Unit.String(), p.got.Amount, p.got.Fee, p.got.Memo, false}
	return s.show(v, func(w io.Writer) {
		line(w, "Received %s at %s; the fee was %s.", formatAmount(p.got.Amount, p.got.Unit), p.got.MintURL, formatAmount(p.got.Fee, p.got.Unit))
		if p.got.Memo != "" {
			line(w, "Memo: %s", printable.Text(p.got.Memo, 0))
		}
	})
}
