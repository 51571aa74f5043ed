package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/spf13/cobra"

	"mintmark/cashu"
	"mintmark/cashu/paymentrequest"
	"mintmark/internal/printable"
	"mintmark/wallet"
)

type requestCreateFlags struct {
	description string
	post        string
	lock        bool
	bech32, qr  bool
	singleUse   bool
	listen      string
}

type requestPayFlags struct{ amount, memo, maxFee string }

func (p program) requestCommand(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "request",
		Short: "Ask for a payment in ecash, and pay what others ask for",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return usagef(cmd, "say create, pay or decode") },
	}
	var f requestCreateFlags
	create := &cobra.Command{
		Use: "create [AMOUNT]", Short: "Make a payment request to show to a payer", Args: args(cobra.MaximumNArgs(1)),
		Long: `create makes a payment request (NUT-18). Without an amount the payer chooses. With
--mint only ecash of that mint is accepted. The payer hands the token over, or posts
it to --post; either way "wallet receive" takes it.

With --listen the payment is posted to this command, which receives it and ends. The
address is one of this machine alone unless another is named. What is posted is money:
from elsewhere it should come through a server with TLS, whose URL is then --post.`,
		RunE: func(cmd *cobra.Command, given []string) error {
			open := p.ask
			if f.listen != "" {
				open = p.move
			}
			return open(cmd, g, func(ctx context.Context, s *session) error { return s.createRequest(ctx, given, f) })
		},
	}
	flags := create.Flags()
	flags.StringVar(&f.description, "description", "", "`text` for the payer")
	flags.StringVar(&f.post, "post", "", "`URL` that the payment is posted to")
	flags.StringVar(&f.listen, "listen", "", "wait for the payment at this `address`, as in --listen=127.0.0.1:8099 (without one: a free port of this machine)")
	flags.Lookup("listen").NoOptDefVal = anyPort
	flags.BoolVar(&f.lock, "lock", false, "have the payer lock the token to a new key of this wallet")
	flags.BoolVar(&f.singleUse, "single-use", false, "one payment only")
	flags.BoolVar(&f.bech32, "bech32", false, "write it as CREQB1…, which makes smaller QR codes")
	flags.BoolVar(&f.qr, "qr", false, "show it as a QR code, also where there is no terminal")
	var paying requestPayFlags
	pay := &cobra.Command{
		Use: "pay REQUEST", Short: "Pay a payment request", Args: args(cobra.ExactArgs(1)),
		Long: `pay makes a token as the request asks for it and posts it to the payee. If the
request names no way to do so, the token is printed, to hand over.`,
		RunE: func(cmd *cobra.Command, given []string) error {
			r, err := paymentrequest.Parse(given[0])
			if err != nil {
				return usage(cmd, err)
			}
			return p.move(cmd, g, func(ctx context.Context, s *session) error { return s.payRequest(ctx, r, paying) })
		},
	}
	pay.Flags().StringVar(&paying.amount, "amount", "", "`amount` where the request leaves it open")
	pay.Flags().StringVar(&paying.maxFee, "max-fee", "", "do not pay if making the token costs more than this `amount`")
	pay.Flags().StringVar(&paying.memo, "memo", "", "`text` for the payee")
	decode := &cobra.Command{
		Use: "decode REQUEST", Short: "Show what a payment request asks for", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			r, err := paymentrequest.Parse(given[0])
			if err != nil {
				return usage(cmd, err)
			}
			return p.showRequest(g, r)
		},
	}
	cmd.AddCommand(create, pay, decode)
	return cmd
}

type requestJSON struct {
	Request string `json:"request"`
	ID      string `json:"id"`
}

func (s *session) createRequest(ctx context.Context, given []string, f requestCreateFlags) error {
	r := paymentrequest.Request{ID: newRequestID(), Description: f.description, SingleUse: f.singleUse}
	var err error
	if r.Unit, err = s.moneyUnit(); err != nil {
		return err
	}
	if len(given) == 1 {
		if r.Amount, r.Unit, err = s.amount(given[0]); err != nil {
			return err
		}
	}
	if s.mint != "" {
		mintURL, err := s.findMint(ctx, s.mint)
		if err != nil {
			return err
		}
		r.Mints = []string{mintURL}
	}
	if f.post != "" {
		r.Transports = []paymentrequest.Transport{{Kind: paymentrequest.TransportPost, Target: f.post}}
	}
	var at net.Listener
	if f.listen != "" {
		if at, err = s.listenFor(ctx, &r, f); err != nil {
			return err
		}
		defer at.Close()
	}
	if f.lock {
		key, err := s.wallet.NewKey(ctx)
		if err != nil {
			return err
		}
		r.Lock = &paymentrequest.Lock{Kind: "P2PK", Data: key.String()}
	}
	encode := r.Encode
	if f.bech32 {
		encode = r.EncodeBech32
	}
	text, err := encode()
	if err != nil {
		return usageError{err}
	}
	if err := s.show(requestJSON{text, r.ID}, func(w io.Writer) { line(w, "%s", text) }); err != nil {
		return err
	}
	s.showQR(text, f.qr)
	if at == nil {
		return nil
	}
	return s.collect(ctx, at, r)
}

func newRequestID() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

type requestPaidJSON struct {
	sentJSON
	Delivered bool `json:"delivered"`
}

func (s *session) payRequest(ctx context.Context, r paymentrequest.Request, f requestPayFlags) error {
	o := wallet.PayRequestOptions{Memo: f.memo, Key: s.op}
	text, err := r.Encode()
	if err != nil {
		return err
	}
	if o.Args, err = s.asked(ctx, "request pay", text, f.amount, f.memo); err != nil {
		return err
	}
	if _, _, err := s.repeated(ctx, o.Args, wallet.KindSend); err != nil {
		return err
	}
	unit := r.Unit
	if unit == "" {
		unit = cashu.UnitSat
	}
	if f.amount != "" {
		if o.Amount, _, err = parseAmount(f.amount, unit); err != nil {
			return usageError{err}
		}
	}
	if s.mint != "" {
		if o.MintURL, err = s.findMint(ctx, s.mint); err != nil {
			return err
		}
	}
	amount := max(r.Amount, o.Amount)
	if amount == 0 {
		return usageError{errors.New("the request leaves the amount open: say --amount")}
	}
	if f.maxFee != "" {
		limit, err := maxFee(f.maxFee, unit)
		if err != nil {
			return err
		}
		o.MaxFee = &limit
	}
	where := "nobody yet: the token is printed"
	if len(r.Transports) > 0 {
		where = printable.Text(r.Transports[0].Target, 0)
	}
	if err := s.agree(ctx, s.globals, "Pay %s to %s?", formatAmount(amount, unit), where); err != nil {
		return err
	}
	sent, delivered, err := s.wallet.PayRequest(ctx, r, o)
	if errors.Is(err, wallet.ErrNotDelivered) {
		return hint(err, `"wallet pending list --tokens" shows the token to hand over; "wallet pending revoke" takes it back`)
	}
	if err != nil {
		return err
	}
	if !delivered {
		return s.tellSent(sent, unit, sendFlags{})
	}
	v := requestPaidJSON{sentJSON{Operation: sent.ID.String(), Unit: unit.String(), Amount: sent.Amount, Fee: sent.Fee}, true}
	return s.show(v, func(w io.Writer) {
		line(w, "Paid %s; making the token has cost %s.", formatAmount(sent.Amount, unit), formatAmount(sent.Fee, unit))
	})
}

type decodedRequestJSON struct {
	ID          string       `json:"id,omitempty"`
	Amount      cashu.Amount `json:"amount,omitempty"`
	Unit        string       `json:"unit,omitempty"`
	SingleUse   bool         `json:"single_use"`
	Mints       []string     `json:"mints,omitempty"`
	Description string       `json:"description,omitempty"`
	Transports  []string     `json:"transports,omitempty"`
	Lock        string       `json:"lock,omitempty"`
}

func (p program) showRequest(g *globals, r paymentrequest.Request) error {
	v := decodedRequestJSON{ID: r.ID, Amount: r.Amount, Unit: r.Unit.String(), SingleUse: r.SingleUse, Mints: r.Mints, Description: r.Description}
	for _, way := range r.Transports {
		v.Transports = append(v.Transports, fmt.Sprintf("%s %s", way.Kind, way.Target))
	}
	if r.Lock != nil {
		v.Lock = r.Lock.Kind + " " + r.Lock.Data
	}
	return p.show(g, v, func(w io.Writer) {
		asks := "the payer chooses"
		if r.Amount != 0 {
			asks = formatAmount(r.Amount, r.Unit)
		}
		row(w, "request for", asks)
		for _, pair := range [][2]string{{"for", v.Description}, {"mints", strings.Join(v.Mints, " ")}, {"pay to", strings.Join(v.Transports, ", ")}, {"lock", v.Lock}, {"id", v.ID}} {
			if text := printable.Text(pair[1], 0); text != "" {
				row(w, pair[0], text)
			}
		}
	})
}
