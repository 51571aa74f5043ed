package main

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"

	"mintmark/mint"
)

// announce says where the mint is and what to do with it: one log record, and in
// text form a few lines for a person.
func announce(cfg Config, at net.Addr, log *slog.Logger, stderr io.Writer) {
	data, err := filepath.Abs(cfg.Data)
	if err != nil {
		data = cfg.Data
	}
	log.Info("listening", "address", at.String(), "data", data, "signatory", cfg.Signatory.Address,
		"lightning", cfg.Lightning.names(), "version", mint.Version)
	if cfg.Log.Format != "text" {
		return
	}
	fmt.Fprintf(stderr, `
  %[1]s listens on http://%[2]s
  data       %[3]s
  signatory  %[4]s
  lightning  %[5]s

  What the mint says of itself:
    curl -s http://%[2]s/v1/info
  Ask for 64 sat of ecash:
    curl -s http://%[2]s/v1/mint/quote/bolt11 -H 'Content-Type: application/json' -d '{"amount":64,"unit":"sat"}'
  Or give http://%[2]s to a Cashu wallet. Stop the mint with Ctrl-C.

`, mint.Version, at, data, describeSignatory(cfg.Signatory), describeLightning(cfg.Lightning))
}

func describeSignatory(s Signatory) string {
	if s.Address == spawnAddress {
		return "a child process of this one"
	}
	return s.Address
}

func describeLightning(l Lightning) string {
	var list []string
	for _, b := range l.all() {
		if b.Type == fakeType {
			list = append(list, b.name+": invoices pay themselves, the ecash is PLAY MONEY")
			continue
		}
		list = append(list, b.String())
	}
	return strings.Join(list, "; ")
}
