package lnd

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
)

// found runs Check and returns what it found, one finding a line.
func found(t *testing.T, c Config) string {
	t.Helper()
	list, err := Check(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, f := range list {
		text.WriteString([...]string{"fine: ", "doubtful: ", "broken: "}[f.Severity] + f.Text + "\n")
	}
	return text.String()
}

func want(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
}

func TestACheckOfAGoodNodeFindsNothing(t *testing.T) {
	t.Parallel()
	c := config(t, network.Network(t).A)
	text := found(t, c)
	if strings.Contains(text, "broken") || strings.Contains(text, "doubtful") {
		t.Error(text)
	}
	want(t, text, "on regtest", "permits all", "1 channels are active", "sat can go out")
}

func TestACheckNamesEveryPermissionThatIsMissing(t *testing.T) {
	t.Parallel()
	net := network.Network(t)
	for i, missing := range Permissions {
		c := config(t, net.A)
		c.Macaroon = net.A.Bake(t, slices.Delete(slices.Clone(Permissions), i, i+1))
		text := found(t, c)
		want(t, text, missing, "broken: ")
		for j, other := range Permissions {
			if j != i && strings.Contains(text, other) {
				t.Errorf("without %s it misses %s", missing, other)
			}
		}
	}
}

func TestACheckWarnsOfAMacaroonThatPermitsEverything(t *testing.T) {
	t.Parallel()
	net := network.Network(t)
	c := config(t, net.A)
	c.Macaroon = net.A.Macaroon()
	want(t, found(t, c), "doubtful: the macaroon permits more")
}

func TestACheckSaysWhatStandsInTheWay(t *testing.T) {
	t.Parallel()
	net := network.Network(t)
	rubbish := filepath.Join(t.TempDir(), "rubbish")
	if err := os.WriteFile(rubbish, []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"another certificate":     {func(c *Config) { c.TLSCert = net.B.TLSCert() }, "another certificate"},
		"no certificate":          {func(c *Config) { c.TLSCert = rubbish }, "no PEM certificate"},
		"a file that is not here": {func(c *Config) { c.Macaroon = rubbish + "2" }, "no such file"},
		"another node's macaroon": {func(c *Config) { c.Macaroon = net.B.Macaroon() }, "is not of this node"},
		"rubbish for a macaroon":  {func(c *Config) { c.Macaroon = rubbish }, "is not of this node"},
		"another name":            {func(c *Config) { c.URL = strings.Replace(c.URL, "127.0.0.1", "127.0.0.2", 1) }, "broken: "},
		"nobody there":            {func(c *Config) { c.URL = "https://127.0.0.1:1" }, "connection refused"},
		"another network":         {func(c *Config) { c.Network = bolt11.Mainnet }, "the mint on mainnet"},
	} {
		config := config(t, net.A)
		c.change(&config)
		text := found(t, config)
		if !strings.Contains(text, c.want) || !strings.Contains(text, "broken: ") {
			t.Errorf("%s: %s", name, text)
		}
	}
}

// Whoever answers with another certificate hears no macaroon and gets no order.
func TestNothingIsSaidToANodeWithAnotherCertificate(t *testing.T) {
	t.Parallel()
	net := network.Network(t)
	c := config(t, net.A)
	c.TLSCert = net.B.TLSCert()
	b := open(t, c)
	defer b.Close()
	if _, err := b.CreateInvoice(t.Context(), request(1000)); err == nil || strings.Contains(err.Error(), "macaroon") {
		t.Errorf("creating an invoice: %v", err)
	}
	if err := b.Ping(t.Context()); err == nil {
		t.Error("it answers")
	}
}

func TestANodeWithoutChannelsIsNamed(t *testing.T) {
	t.Parallel()
	b := &Backend{cfg: Config{Network: bolt11.Regtest}}
	for text, v := range map[string]info{
		"has no channel":       {},
		"no channel is active": {Inactive: 1, Pending: 2},
	} {
		var r lightning.Findings
		b.checkChannels(t.Context(), v, &r)
		if len(r) != 1 || r[0].Severity != lightning.Broken || !strings.Contains(r[0].Text, text) {
			t.Errorf("%+v: %+v", v, r)
		}
	}
}
