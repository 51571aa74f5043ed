package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"mintmark/cashu"
	"mintmark/cashu/conditions"
	"mintmark/cashu/paymentrequest"
	"mintmark/cashu/token"
	"mintmark/internal/printable"
	"mintmark/wallet"
	"mintmark/wallet/payee"
)

func (p program) decodeCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "decode [TEXT | -]",
		Short: "Show what is in a token, an invoice or a payment request",
		Long: `decode reads a token (cashuA…, cashuB…), a payment request (creqA…, CREQB…), or
whatever else "wallet pay" takes, and shows what is in it. It asks nobody, needs no
wallet, and does not show what makes the coins money.`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, given []string) error { return p.decode(g, given) },
	}
}

type tokenJSON struct {
	Mint   string          `json:"mint"`
	Unit   string          `json:"unit"`
	Memo   string          `json:"memo,omitempty"`
	Amount cashu.Amount    `json:"amount"`
	Coins  []tokenCoinJSON `json:"coins"`
}

type tokenCoinJSON struct {
	Amount   cashu.Amount `json:"amount"`
	Keyset   string       `json:"keyset,omitempty"`
	Lock     string       `json:"lock,omitempty"` // P2PK or HTLC
	Keys     []string     `json:"keys,omitempty"`
	Locktime uint64       `json:"locktime,omitempty"`
	Blinded  bool         `json:"blinded,omitempty"` // the keys are (NUT-28)
	DLEQ     bool         `json:"dleq"`
}

func (p program) decode(g *globals, given []string) error {
	text, err := p.given(given)
	if err != nil {
		return err
	}
	r, err := paymentrequest.Parse(text)
	if err == nil {
		return p.showRequest(g, r)
	}
	if !errors.Is(err, paymentrequest.ErrNotARequest) {
		return err
	}
	if to, err := payee.Parse(text, ""); err == nil {
		return p.showPayee(g, to)
	}
	tokens, err := parseTokens(text)
	if err != nil {
		return usageError{err}
	}
	for _, t := range tokens {
		v, err := jsonToken(t)
		if err != nil {
			return err
		}
		if err := p.show(g, v, func(w io.Writer) { v.text(w, t.Unit) }); err != nil {
			return err
		}
	}
	return nil
}

type payeeJSON struct {
	Kind       string `json:"kind"`
	AmountMsat uint64 `json:"amount_msat,omitempty"`
	PayTo      string `json:"pay_to"`
}

// showPayee shows what can be paid, and over how much it is.
func (p program) showPayee(g *globals, to payee.Payee) error {
	v := payeeJSON{Kind: string(to.Kind), AmountMsat: to.Msat, PayTo: to.Text}
	if msat, stated := wallet.InvoiceAmount(to.Text); to.Kind == payee.Invoice && stated {
		v.AmountMsat = msat
	}
	return p.show(g, v, func(w io.Writer) {
		asks := "the payer chooses"
		if v.AmountMsat != 0 {
			asks = fmt.Sprintf("%s.%03d sat", thousands(v.AmountMsat/1000), v.AmountMsat%1000)
			asks = strings.Replace(asks, ".000 ", " ", 1)
		}
		row(w, "kind", v.Kind)
		row(w, "amount", asks)
		row(w, "pay to", printable.Text(v.PayTo, 0))
	})
}

func jsonToken(t token.Token) (tokenJSON, error) {
	sum, err := t.Amount()
	if err != nil {
		return tokenJSON{}, err
	}
	v := tokenJSON{Mint: t.Mint, Unit: t.Unit.String(), Memo: t.Memo, Amount: sum}
	for _, c := range t.Unchecked(nil) {
		coin := tokenCoinJSON{Amount: c.Amount, DLEQ: c.DLEQ != nil, Blinded: !c.E.IsZero()}
		if !c.ID.IsZero() {
			coin.Keyset = c.ID.String()
		}
		lock, err := conditions.Parse(c.Secret)
		if err != nil {
			coin.Lock = "unknown"
		} else if lock != nil {
			coin.Lock = lock.Kind()
			coin.Locktime, _ = lock.Locktime()
			for _, k := range lock.Keys() {
				coin.Keys = append(coin.Keys, k.String())
			}
		}
		v.Coins = append(v.Coins, coin)
	}
	return v, nil
}

func (v tokenJSON) text(w io.Writer, unit cashu.Unit) {
	row(w, "token over", formatAmount(v.Amount, unit))
	row(w, "mint", printable.Text(v.Mint, 0))
	if v.Memo != "" {
		row(w, "memo", printable.Text(v.Memo, 0))
	}
	for _, c := range v.Coins {
		text := formatAmount(c.Amount, unit)
		if c.Lock != "" {
			text += ", locked: " + c.Lock + " " + strings.Join(c.Keys, " ")
			if c.Blinded {
				text += " (blinded)"
			}
		}
		if c.Locktime != 0 {
			text += ", until " + moment(int64(min(c.Locktime, 1<<40)))
		}
		row(w, "coin", text)
	}
}
