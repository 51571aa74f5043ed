package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"mintmark/internal/printable"
	"mintmark/wallet"
)

func (p program) mintsCommand(g *globals) *cobra.Command {
	list := func(cmd *cobra.Command, _ []string) error {
		return p.look(cmd, g, func(ctx context.Context, s *session) error { return s.mints(ctx) })
	}
	cmd := &cobra.Command{Use: "mints", Short: "Mints that the wallet knows", Args: noArgs, RunE: list}
	var distrust bool
	trust := p.mintVerb(g, "trust MINT", "Receive tokens of a mint without asking", 1, func(ctx context.Context, s *session, mintURL string, _ []string) error {
		return s.wallet.TrustMint(ctx, mintURL, !distrust)
	})
	trust.Flags().BoolVar(&distrust, "no", false, "ask again from now on")
	cmd.AddCommand(
		&cobra.Command{Use: "list", Short: "List them", Args: noArgs, RunE: list},
		p.mintVerb(g, "add URL", "Get to know a mint, and trust it", 1, func(ctx context.Context, s *session, mintURL string, _ []string) error {
			if _, err := s.wallet.RefreshMint(ctx, mintURL); err != nil {
				return err
			}
			if err := s.wallet.TrustMint(ctx, mintURL, true); err != nil {
				return err
			}
			return s.mintInfo(ctx, mintURL)
		}),
		p.mintVerb(g, "info MINT", "Ask a mint what it offers", 1, func(ctx context.Context, s *session, mintURL string, _ []string) error {
			if !s.offline {
				if _, err := s.wallet.RefreshMint(ctx, mintURL); err != nil {
					return err
				}
			}
			return s.mintInfo(ctx, mintURL)
		}),
		trust,
		p.mintVerb(g, "rename MINT NAME", "Give a mint a name of your own", 2, func(ctx context.Context, s *session, mintURL string, more []string) error {
			return s.wallet.RenameMint(ctx, mintURL, more[0])
		}),
		p.mintVerb(g, "move MINT URL", "Follow a mint to another address, with its coins", 2, func(ctx context.Context, s *session, mintURL string, more []string) error {
			if err := s.agree(ctx, s.globals, "Whoever answers at %s will be shown the coins of %s. Have you heard of the new address from the mint itself?", printable.Text(more[0], 0), mintURL); err != nil {
				return err
			}
			if err := s.wallet.MoveMint(ctx, mintURL, more[0]); err != nil {
				return err
			}
			return s.mintInfo(ctx, more[0])
		}),
		p.mintVerb(g, "remove MINT", "Forget a mint of which there is no ecash", 1, func(ctx context.Context, s *session, mintURL string, _ []string) error {
			if err := s.agree(ctx, s.globals, "Forget the mint %s?", mintURL); err != nil {
				return err
			}
			err := s.wallet.RemoveMint(ctx, mintURL)
			if errors.Is(err, wallet.ErrCoinsTaken) {
				return fmt.Errorf("there is still ecash of %s, or an operation with it", mintURL)
			}
			return err
		}),
	)
	return cmd
}

// mintVerb is a command about one mint.
func (p program) mintVerb(g *globals, use, short string, n int, do func(ctx context.Context, s *session, mintURL string, more []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: args(cobra.ExactArgs(n)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return p.ask(cmd, g, func(ctx context.Context, s *session) error {
				mintURL, err := s.findMint(ctx, given[0])
				if err != nil {
					return err
				}
				return do(ctx, s, mintURL, given[1:])
			})
		},
	}
}

type knownMintJSON struct {
	URL     string `json:"url"`
	Name    string `json:"name,omitempty"`
	Trusted bool   `json:"trusted"`
	Fetched int64  `json:"fetched"` // when it was last asked
}

func jsonMint(m wallet.KnownMint) knownMintJSON {
	return knownMintJSON{m.URL, m.Name, m.Trusted, m.Fetched}
}

func (s *session) mints(ctx context.Context) error {
	list, err := s.store.Mints(ctx)
	if err != nil {
		return err
	}
	v := make([]knownMintJSON, len(list))
	for i, m := range list {
		v[i] = jsonMint(m)
	}
	return s.show(v, func(w io.Writer) {
		if len(v) == 0 {
			line(w, "No mint is known; \"wallet mints add URL\" adds one.")
			return
		}
		row(w, "MINT", "NAME", "TRUSTED", "LAST ASKED")
		for _, m := range v {
			row(w, m.URL, cmp.Or(printable.Text(m.Name, 0), "-"), yesNo(m.Trusted), moment(m.Fetched))
		}
	})
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

type mintInfoJSON struct {
	knownMintJSON
	Says    string       `json:"says"` // its name for itself
	Version string       `json:"version,omitempty"`
	About   string       `json:"about,omitempty"`
	MOTD    string       `json:"motd,omitempty"`
	Keysets []keysetJSON `json:"keysets"`
	Auth    *authJSON    `json:"auth,omitempty"` // if it has users who log in
	// LeftOut are keysets that it lists and that make no sense.
	LeftOut []string `json:"left_out,omitempty"`
}

type keysetJSON struct {
	ID      string `json:"id"`
	Unit    string `json:"unit"`
	Active  bool   `json:"active"`
	FeePPK  uint64 `json:"input_fee_ppk"`
	Expiry  uint64 `json:"final_expiry,omitempty"`
	Amounts int    `json:"denominations"`
}

func (s *session) mintInfo(ctx context.Context, mintURL string) error {
	m, err := s.wallet.KnownMint(ctx, mintURL)
	if err != nil {
		return err
	}
	v := mintInfoJSON{knownMintJSON: jsonMint(m.KnownMint), Says: m.Info.Name, Version: m.Info.Version, About: m.Info.Description, MOTD: m.Info.MOTD, LeftOut: m.LeftOut}
	for _, k := range m.Keysets {
		v.Keysets = append(v.Keysets, keysetJSON{k.ID.String(), k.Unit.String(), k.Active, k.InputFeePPK, k.FinalExpiry, len(k.Keys.Amounts())})
	}
	if v.Auth, err = s.authState(ctx, mintURL); err != nil {
		return err
	}
	return s.show(v, func(w io.Writer) {
		row(w, "mint", m.URL)
		for _, pair := range [][2]string{{"your name", m.Name}, {"it says", v.Says}, {"version", v.Version}, {"about", v.About}, {"message", v.MOTD}} {
			if text := printable.Text(pair[1], 0); text != "" {
				row(w, pair[0], text)
			}
		}
		row(w, "trusted", yesNo(m.Trusted))
		if v.Auth != nil {
			row(w, "login", v.Auth.text(s.clock()))
			row(w, "provider", v.Auth.Provider)
			for _, e := range v.Auth.Clear {
				row(w, "needs a login", e)
			}
			for _, e := range v.Auth.Blind {
				row(w, "needs a token", e)
			}
		}
		for _, k := range v.Keysets {
			state := "retired"
			if k.Active {
				state = "active"
			}
			row(w, "keyset", fmt.Sprintf("%s %s, %s, fee %d ppk", k.ID, k.Unit, state, k.FeePPK))
		}
		for _, text := range v.LeftOut {
			row(w, "left out", text)
		}
	})
}
