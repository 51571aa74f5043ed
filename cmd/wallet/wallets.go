package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"mintmark/internal/release"
)

func (p program) walletsCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "wallets",
		Short: "List the wallets in the data directory",
		Args:  noArgs,
		RunE:  func(*cobra.Command, []string) error { return p.wallets(g) },
	}
}

type walletJSON struct {
	Name string `json:"name"`
	Dir  string `json:"dir"`
}

func (p program) wallets(g *globals) error {
	entries, err := os.ReadDir(g.dataDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("listing the wallets: %w", err)
	}
	v := []walletJSON{}
	for _, e := range entries {
		each := *g
		each.name = e.Name()
		if h, err := each.home(); err == nil && exists(h.seed()) {
			v = append(v, walletJSON{e.Name(), string(h)})
		}
	}
	return p.show(g, v, func(w io.Writer) {
		if len(v) == 0 {
			line(w, "There is no wallet in %s.", g.dataDir)
		}
		for _, each := range v {
			row(w, each.Name, each.Dir)
		}
	})
}

type versionJSON struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
}

func (p program) versionCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show the version",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			v := versionJSON{release.Number, release.Revision()}
			return p.show(g, v, func(w io.Writer) { line(w, "wallet %s (%s)", v.Version, v.Revision) })
		},
	}
}
