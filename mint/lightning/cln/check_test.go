package cln_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
	"mintmark/mint/lightning/cln"
)

// found runs Check and returns what it found, one finding a line.
func found(t *testing.T, c cln.Config) string {
	t.Helper()
	list, err := cln.Check(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, f := range list {
		text.WriteString(map[lightning.Severity]string{lightning.Fine: "fine: ", lightning.Doubtful: "doubtful: ", lightning.Broken: "broken: "}[f.Severity] + f.Text + "\n")
	}
	return text.String()
}

func permit(methods ...string) map[string]bool {
	allowed := map[string]bool{}
	for _, m := range methods {
		allowed[m] = true
	}
	return allowed
}

func TestACheckOfAGoodNodeFindsNothing(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.allowed = permit(runeMethods...)
	text := found(t, n.config())
	if strings.Contains(text, "broken") || strings.Contains(text, "doubtful") {
		t.Error(text)
	}
	for _, part := range []string{"played", "v24.11.1", "on regtest", "permits all", "1 channels are active; up to 10000000 sat can go out and 5000 sat come in"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
	if n.orders != 0 || len(n.invoices) != 0 || len(n.offers) != 0 {
		t.Errorf("the check has ordered %d payments and made %d invoices and %d offers", n.orders, len(n.invoices), len(n.offers))
	}
}

func TestACheckNamesEveryMethodThatTheRuneLacks(t *testing.T) {
	t.Parallel()
	for i, missing := range runeMethods {
		n := newNode(t)
		n.allowed = permit(slices.Delete(slices.Clone(runeMethods), i, i+1)...)
		text := found(t, n.config())
		if !strings.Contains(text, "broken: ") || !strings.Contains(text, missing) {
			t.Errorf("without %s: %s", missing, text)
		}
		for j, other := range runeMethods {
			if j != i && missing != "getinfo" && strings.Contains(text, "method="+other+",") {
				t.Errorf("without %s it misses %s", missing, other)
			}
		}
	}
}

func TestACheckSaysWhatStandsInTheWay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*node, *cln.Config)
		want   string
	}{
		"a rune that permits everything": {func(n *node, _ *cln.Config) { n.allowed = nil }, "doubtful: the rune permits more"},
		"another rune": {func(n *node, c *cln.Config) {
			c.Rune = filepath.Join(n.dir, "other")
			_ = os.WriteFile(c.Rune, []byte("other"), 0o600)
		}, "broken: the rune "},
		"a rune that is not there": {func(_ *node, c *cln.Config) { c.Rune += "2" }, "no such file"},
		"another name":             {func(_ *node, c *cln.Config) { c.ServerName = "somebody.else" }, "say server_name"},
		"nobody there":             {func(_ *node, c *cln.Config) { c.URL = "https://127.0.0.1:1" }, "cannot be reached"},
		"another network":          {func(_ *node, c *cln.Config) { c.Network = bolt11.Mainnet }, "broken: the node is on regtest"},
		"an old release":           {func(n *node, _ *cln.Config) { n.version = "v23.05.2" }, "broken: version v23.05.2 is too old"},
		"a release of one's own":   {func(n *node, _ *cln.Config) { n.version = "mine" }, "doubtful: nobody knows"},
		"a chain that is not read": {func(n *node, _ *cln.Config) { n.behind = "still loading" }, "broken: the node is still reading the chain"},
		"no channel":               {func(n *node, _ *cln.Config) { n.channels = 0 }, "broken: the node has no channel"},
		"nothing to pay with":      {func(n *node, _ *cln.Config) { n.funds = 0 }, "doubtful: there is no outbound"},
	} {
		n := newNode(t)
		n.allowed = permit(runeMethods...)
		config := n.config()
		c.change(n, &config)
		if text := found(t, config); !strings.Contains(text, c.want) {
			t.Errorf("%s: %s", name, text)
		}
	}
}
