package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"mintmark/cashu"
	"mintmark/wallet"
)

func (p program) restoreCommand(g *globals) *cobra.Command {
	var anew bool
	cmd := &cobra.Command{
		Use:   "restore [MINT…]",
		Short: "Find the ecash of this seed again",
		Long: `restore asks mints for all the coins that this wallet's seed ever got, and keeps
those that are not spent. Name the mints, or leave it to those that the wallet
knows. It can be repeated, and changes nothing where nothing is missing. One that was
stopped, or that a mint has kept waiting for too long (exit code 4), goes on where it
was; --anew begins at the first coin.`,
		Args: args(cobra.ArbitraryArgs),
		RunE: func(cmd *cobra.Command, given []string) error {
			return p.ask(cmd, g, func(ctx context.Context, s *session) error { return s.restore(ctx, given, anew) })
		},
	}
	cmd.Flags().BoolVar(&anew, "anew", false, "do not go on with a restore that has stopped")
	return cmd
}

type restoredJSON struct {
	Mint    string                      `json:"mint"`
	Coins   int                         `json:"coins"`
	Unspent map[cashu.Unit]cashu.Amount `json:"unspent"`
	Pending map[cashu.Unit]cashu.Amount `json:"pending"`
	// Complete: everything was looked at; else there may be more.
	Complete bool `json:"complete"`
}

func (s *session) restore(ctx context.Context, given []string, anew bool) error {
	mints, err := s.restoreFrom(ctx, given)
	if err != nil {
		return err
	}
	var failed []error
	for _, mintURL := range mints {
		got, err := s.wallet.Restore(ctx, mintURL, wallet.RestoreOptions{Anew: anew, Progress: s.progress})
		s.progressEnds()
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", mintURL, err))
			if !errors.Is(err, wallet.ErrIncomplete) {
				continue
			}
		}
		if err := s.wallet.TrustMint(ctx, mintURL, true); err != nil {
			return err
		}
		v := restoredJSON{mintURL, got.Coins, got.Unspent, got.Pending, got.Complete}
		failed = append(failed, s.show(v, func(w io.Writer) {
			switch {
			case !got.Complete:
				line(w, "%s: this is not all; repeated, it goes on from here.", mintURL)
			case got.Coins == 0:
				line(w, "%s: there is nothing.", mintURL)
			}
			for unit, a := range got.Unspent {
				if a > 0 {
					line(w, "%s: %s found, in %d coins.", mintURL, formatAmount(a, unit), got.Coins)
				}
			}
			for unit, a := range got.Pending {
				if a > 0 {
					line(w, "%s: %s more, in a request that the mint has not ended; \"wallet ops recover\" asks how it ends.", mintURL, formatAmount(a, unit))
				}
			}
		}))
	}
	return errors.Join(failed...)
}

// restoreFrom is the mints that are named, or all that are known.
func (s *session) restoreFrom(ctx context.Context, given []string) ([]string, error) {
	if s.mint != "" {
		given = append(given, s.mint)
	}
	var mints []string
	for _, text := range given {
		mintURL, err := s.findMint(ctx, text)
		if err != nil {
			return nil, err
		}
		mints = append(mints, mintURL)
	}
	if len(given) > 0 {
		return mints, nil
	}
	known, err := s.store.Mints(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range known {
		mints = append(mints, m.URL)
	}
	if len(mints) == 0 {
		return nil, usageError{errors.New("no mint is known: name one")}
	}
	return mints, nil
}

const barWidth = 30

// progress draws a bar over the keysets, where somebody looks.
func (s *session) progress(p wallet.RestoreProgress) {
	if !s.screen || s.json {
		return
	}
	done := barWidth * (p.Index + 1) / max(p.Keysets, 1)
	fmt.Fprintf(s.stderr, "\r[%-*s] keyset %d of %d, %d coins looked for, %d found ", barWidth, strings.Repeat("#", done), p.Index+1, p.Keysets, p.Counter, p.Found)
}

func (s *session) progressEnds() {
	if s.screen && !s.json {
		fmt.Fprintln(s.stderr)
	}
}
