package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/token"
	"mintmark/internal/printable"
	"mintmark/wallet"
)

type receiveFlags struct {
	preimages []string
	keyFile   string
}

func (p program) receiveCommand(g *globals) *cobra.Command {
	var f receiveFlags
	cmd := &cobra.Command{
		Use:   "receive [TOKEN… | -]",
		Short: "Take a token",
		Long: `receive exchanges the coins of a token for coins of this wallet. Without an
argument, or with -, tokens are read from standard input. A link with a token in it
and a payment as it is posted for a payment request (NUT-18) are taken too.

If the wallet does not know the mint of the token, it asks whether to trust it. A
token that the mint refuses is kept: "wallet inbox" shows it.`,
		Args: args(cobra.ArbitraryArgs),
		RunE: func(cmd *cobra.Command, given []string) error {
			tokens, err := p.readTokens(given)
			if err != nil {
				return err
			}
			if g.op != "" && len(tokens) > 1 {
				return usagef(cmd, "--op names one operation, and these are tokens of %d mints", len(tokens))
			}
			o, err := f.options(cmd)
			if err != nil {
				return err
			}
			return p.move(cmd, g, func(ctx context.Context, s *session) error { return s.receiveAll(ctx, tokens, o) })
		},
	}
	f.add(cmd)
	return cmd
}

func (f *receiveFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.preimages, "preimage", nil, "`preimage` that opens a token locked to its hash; may be repeated")
	flags.StringVar(&f.keyFile, "key-file", "", "`file` of a private key in hexadecimal that opens a locked token, besides the wallet's own keys")
}

func (f *receiveFlags) options(cmd *cobra.Command) (wallet.ReceiveOptions, error) {
	var o wallet.ReceiveOptions
	for _, text := range f.preimages {
		p, err := parse32(text)
		if err != nil {
			return o, usagef(cmd, "--preimage %w", err)
		}
		o.Preimages = append(o.Preimages, p)
	}
	if f.keyFile == "" {
		return o, nil
	}
	text, err := os.ReadFile(f.keyFile)
	if err != nil {
		return o, fmt.Errorf("reading the key: %w", err)
	}
	defer clear(text)
	raw, err := parse32(strings.TrimSpace(string(text)))
	if err != nil {
		return o, fmt.Errorf("the key in %s %w", f.keyFile, err)
	}
	key, err := bdhke.NewScalar(raw[:])
	if err != nil {
		return o, fmt.Errorf("there is no key in %s", f.keyFile)
	}
	o.Keys = []bdhke.Scalar{key}
	return o, nil
}

// receiveAll takes tokens one after the other; one that fails does not keep the
// others.
func (s *session) receiveAll(ctx context.Context, tokens []token.Token, o wallet.ReceiveOptions) error {
	text := ""
	for _, t := range tokens {
		part, err := t.Encode()
		if err != nil {
			return err
		}
		text += part
	}
	asked, err := s.asked(ctx, "receive", text)
	if err != nil {
		return err
	}
	o.Key, o.Args = s.op, asked
	if _, found, err := s.repeated(ctx, asked, wallet.KindReceive); err != nil {
		return err
	} else if found { // nothing is done, and all of its parts are told of
		got, err := s.wallet.Receive(ctx, text, o)
		got.Before = true
		return s.tellReceived(got, err)
	}
	var failed []error
	for _, t := range tokens {
		if err := s.receive(ctx, t, o); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

type receivedJSON struct {
	Mint   string       `json:"mint"`
	Unit   string       `json:"unit"`
	Amount cashu.Amount `json:"amount"`
	Fee    cashu.Amount `json:"fee"`
	Memo   string       `json:"memo,omitempty"`
	Before bool         `json:"before,omitempty"` // earlier, by this wallet
}

func (s *session) receive(ctx context.Context, t token.Token, o wallet.ReceiveOptions) error {
	worth, err := t.Amount()
	if err != nil {
		return err
	}
	known, err := s.store.Mint(ctx, t.Mint)
	if err != nil && !errors.Is(err, wallet.ErrNotFound) {
		return err
	}
	if !known.Trusted {
		if err := s.agree(ctx, s.globals, "The token over %s is of the mint %s, which this wallet does not trust. Trust it?", formatAmount(worth, t.Unit), t.Mint); err != nil {
			return fmt.Errorf("%w: %w", wallet.ErrUntrusted, err)
		}
		o.AnyMint = true
	}
	text, err := t.Encode()
	if err != nil {
		return err
	}
	got, err := s.wallet.Receive(ctx, text, o)
	switch {
	case errors.Is(err, wallet.ErrTaken) && got.Amount == 0:
		err = hint(err, "the token was received by somebody else, or taken back by its sender")
	case err != nil:
		err = s.keep(ctx, t, err)
	}
	return s.tellReceived(got, err)
}

// tellReceived tells what a token has brought; err is of the rest of it.
func (s *session) tellReceived(got wallet.Received, err error) error {
	if err != nil && got.Amount == 0 {
		return err
	}
	v := receivedJSON{got.MintURL, got.Unit.String(), got.Amount, got.Fee, got.Memo, got.Before}
	showErr := s.show(v, func(w io.Writer) {
		if got.Before {
			line(w, "This wallet has received it before: %s at %s.", formatAmount(got.Amount, got.Unit), got.MintURL)
			return
		}
		line(w, "Received %s at %s; the fee was %s.", formatAmount(got.Amount, got.Unit), got.MintURL, formatAmount(got.Fee, got.Unit))
		if got.Memo != "" {
			line(w, "Memo: %s", printable.Text(got.Memo, 0))
		}
	})
	return errors.Join(err, showErr)
}

// keep puts a token that no operation has begun with into the inbox: it may have come
// from standard input, and be nowhere else.
func (s *session) keep(ctx context.Context, t token.Token, err error) error {
	if _, begun := errors.AsType[*wallet.OperationError](err); begun {
		return err
	}
	// The time for the call may be over; what is written here takes none.
	if keepErr := s.wallet.Keep(context.WithoutCancel(ctx), t, err.Error()); keepErr != nil {
		return errors.Join(err, keepErr)
	}
	return hint(err, `the token is kept: "wallet inbox" shows it, "wallet inbox retry" tries again`)
}
