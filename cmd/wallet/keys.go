package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"
)

func (p program) keysCommand(g *globals) *cobra.Command {
	list := func(cmd *cobra.Command, _ []string) error {
		return p.ask(cmd, g, func(ctx context.Context, s *session) error { return s.keys(ctx) })
	}
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Public keys that others can lock tokens to",
		Long: `A token that is locked to one of these keys can only be received by this wallet,
which finds the key by itself. The keys come back from the seed.`,
		Args: noArgs,
		RunE: list,
	}
	cmd.AddCommand(
		&cobra.Command{Use: "list", Short: "List those that were given out", Args: noArgs, RunE: list},
		&cobra.Command{
			Use: "new", Short: "Make a new one", Args: noArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return p.ask(cmd, g, func(ctx context.Context, s *session) error { return s.newKey(ctx) })
			},
		},
	)
	return cmd
}

type keyJSON struct {
	Key string `json:"key"`
}

func (s *session) keys(ctx context.Context) error {
	keys, err := s.wallet.Keys(ctx)
	if err != nil {
		return err
	}
	v := make([]keyJSON, len(keys))
	for i, k := range keys {
		v[i] = keyJSON{k.String()}
	}
	return s.show(v, func(w io.Writer) {
		if len(v) == 0 {
			line(w, "No key was given out; \"wallet keys new\" makes one.")
		}
		for _, k := range v {
			line(w, "%s", k.Key)
		}
	})
}

func (s *session) newKey(ctx context.Context) error {
	key, err := s.wallet.NewKey(ctx)
	if err != nil {
		return err
	}
	return s.show(keyJSON{key.String()}, func(w io.Writer) { line(w, "%s", key) })
}
