package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mintmark/mint/lightning/fake"
)

// loadText is the configuration of a file.
func loadText(t *testing.T, text string) (Config, error) {
	t.Helper()
	cfg := defaultConfig()
	if err := decodeConfig("mintd.toml", []byte(text), &cfg); err != nil {
		return cfg, err
	}
	return cfg, cfg.validate()
}

const twoNodes = `
[lightning.backends.sats]
type = "fake"
methods = ["bolt11", "onchain"]
units = ["sat"]
fake.incoming_delay = "0s"
[lightning.backends.dollars]
type = "fake"
methods = ["bolt11"]
units = ["usd"]
`

func TestSeveralBackendsHaveTheDefaultsOfTheirType(t *testing.T) {
	t.Parallel()
	cfg, err := loadText(t, twoNodes)
	if err != nil {
		t.Fatal(err)
	}
	all := cfg.Lightning.all()
	if len(all) != 2 || all[0].name != "dollars" || all[1].name != "sats" || cfg.Lightning.Backend != "" {
		t.Fatalf("backends are %v and %q", all, cfg.Lightning.Backend)
	}
	sats := all[1]
	if sats.Fake.IncomingDelay != 0 || sats.Fake.MaxAmount != 500_000 || !sats.Mint || !sats.Melt {
		t.Errorf("the file or the defaults are not in force: %+v", sats)
	}
}

func TestTheBackendsOfTheExampleFileAreValid(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "mintd.example.toml"))
	if err != nil {
		t.Fatal(err)
	}
	plain := strings.Replace(string(text), "\nbackend = \"fake\"\n", "\nbackend = \"\"\n", 1)
	plain = strings.ReplaceAll(plain, "\n#   [lightning.", "\n[lightning.")
	_, rest, found := strings.Cut(plain, "[lightning.backends.")
	if !found {
		t.Fatal("the example file has no example")
	}
	n := 0
	for line := range strings.Lines(rest) {
		if !strings.HasPrefix(line, "#") && n > 0 {
			break
		}
		if after, key := strings.CutPrefix(line, "#   "); key {
			plain = strings.Replace(plain, line, after, 1)
			n++
		}
	}
	cfg, err := loadText(t, plain)
	if err != nil || n == 0 || len(cfg.Lightning.Backends) == 0 {
		t.Errorf("%d keys of %d backends: %v", n, len(cfg.Lightning.Backends), err)
	}
}

func TestBackendsThatCannotBeTogetherAreRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"two for one method and unit": {twoNodes + "[lightning.backends.more]\ntype = \"fake\"\nmethods = [\"bolt11\"]\nunits = [\"usd\"]\n",
			"\"dollars\" and \"more\" are both for method bolt11 and unit usd: say melt = false"},
		"one for each direction": {strings.Replace(twoNodes, "[\"usd\"]", "[\"usd\"]\nmelt = false", 1) +
			"[lightning.backends.more]\ntype = \"fake\"\nmethods = [\"bolt11\"]\nunits = [\"usd\"]\nmint = false\n", ""},
		"without methods":                  {"[lightning.backends.a]\ntype = \"fake\"\nunits = [\"sat\"]\n", "lightning.backends.a.methods: each of several"},
		"used for nothing":                 {"[lightning]\nmint = false\nmelt = false\n", "lightning.mint:"},
		"one that only ends what it began": {twoNodes + "[lightning.backends.old]\ntype = \"fake\"\nmethods = [\"bolt11\"]\nunits = [\"usd\"]\nmint = false\nmelt = false\n", ""},
		"of no type":                       {"[lightning.backends.a]\nmethods = [\"bolt11\"]\nunits = [\"sat\"]\n", "lightning.backends.a.type: \"\" is not a backend"},
		"with a name that is bad":          {"[lightning.backends.\"A b\"]\ntype = \"fake\"\nmethods = [\"bolt11\"]\nunits = [\"sat\"]\n", "is not a name"},
		"beside the only one":              {"[lightning]\nbackend = \"fake\"\n" + twoNodes, "lightning.backend: \"fake\" cannot be beside"},
		"in a unit that is none":           {strings.Replace(twoNodes, "usd", "auth", 1), "lightning.backends.dollars.units:"},
		"in a unit twice":                  {strings.Replace(twoNodes, "\"usd\"", "\"usd\", \"usd\"", 1), "is there twice"},
		"with a wrong setting":             {twoNodes + "fake.confirmations = 0\n", "lightning.backends.dollars.fake.confirmations:"},
		"with an unknown setting":          {twoNodes + "fake.confirm = 0\n", "unknown key lightning.backends.dollars.fake.confirm"},
		"on no network":                    {"[lightning]\nnetwork = \"moon\"\n", "lightning.network:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := loadText(t, tt.text)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error is %v, want %q", err, tt.want)
			}
		})
	}
}

func TestPlayMoneyIsNeverInTheUnitOfMoney(t *testing.T) {
	t.Parallel()
	cfg, err := loadText(t, twoNodes)
	if err != nil {
		t.Fatal(err)
	}
	problems := func(l Lightning) (list []string) {
		l.validatePlayMoney(func(key, _ string, _ ...any) { list = append(list, key) })
		return list
	}
	cfg.Lightning.Backends["sats"].Type = "node"
	if got := problems(cfg.Lightning); len(got) != 0 {
		t.Errorf("other units: %v", got)
	}
	cfg.Lightning.Backends["dollars"].Units = []string{"usd", "SAT"}
	if got := problems(cfg.Lightning); len(got) != 1 || got[0] != "lightning.backends.sats" {
		t.Errorf("the same unit: %v", got)
	}
	cfg.Lightning.PlayMoney = true
	if got := problems(cfg.Lightning); len(got) != 0 {
		t.Errorf("allowed: %v", got)
	}
}

func TestEveryBackendIsOpenedForWhatItIsUsedForAndHasItsOwnFile(t *testing.T) {
	t.Parallel()
	cfg, err := loadText(t, twoNodes)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Data = t.TempDir()
	list, err := openBackends(t.Context(), cfg, newLogger(t.Output(), cfg.Log))
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || list[0].Name != "dollars" || list[1].Name != "sats" {
		t.Fatalf("backends are %v", list)
	}
	for i, want := range []string{"bolt11 usd", "bolt11 sat, onchain sat"} {
		var got []string
		for _, s := range list[i].Receiver.Settings() {
			got = append(got, s.Method+" "+string(s.Unit))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s can %v, want %s", list[i].Name, got, want)
		}
	}
	if err := list.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := fake.Ledger(t.Context(), filepath.Join(cfg.Data, "fake-lightning-dollars.db")); err != nil {
		t.Error(err)
	}
}

// The only backend becomes one of several. Under the name that its quotes have, it finds
// the payments that it has begun, or it would begin them again.
func TestABackendThatBecomesOneOfSeveralRemembersItsPayments(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{lndType, clnType, processorType} {
		memory := func(l Lightning) (list []string) {
			cfg := Config{Data: "/data", Database: "/data/mint.db", Lightning: l}
			for _, b := range l.all() {
				path, err := cfg.memory(b, "")
				if c, lndErr := lndConfig(cfg, b, nil); kind == lndType {
					path, err = c.Database, lndErr
				}
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, b.name+" "+path)
			}
			return list
		}
		one := memory(Lightning{Backend: kind})
		several := memory(Lightning{Backends: map[string]*Backend{kind: {Type: kind}, "other": {Type: kind}}})
		if len(several) != 2 || !slices.Contains(several, one[0]) || strings.Fields(several[0])[1] == strings.Fields(several[1])[1] {
			t.Errorf("alone it is %v, of several %v", one, several)
		}
	}
}
