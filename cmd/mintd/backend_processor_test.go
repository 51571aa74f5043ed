package main

import (
	"strings"
	"testing"
)

func TestMintdThatMayShareTheirDatabaseMustShareWhatTheyRememberOfPayments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		database, place, want string
	}{
		{"", "", "data/processor.db"},
		{"", "/elsewhere.db", "/elsewhere.db"},
		{"postgres://u@h/mint", "postgres://u@h/mint?search_path=processor", "postgres://u@h/mint?search_path=processor"},
		{"postgres://u@h/mint", "", ""},
	} {
		cfg := Config{Data: "data", Database: c.database}
		got, err := cfg.memory(named{Backend: Backend{Type: processorType}, name: processorType, key: "lightning"}, c.place)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%q with %q: %q, %v", c.database, c.place, got, err)
		}
		if err != nil && !strings.Contains(err.Error(), "lightning.processor.database") {
			t.Errorf("it does not say which key: %v", err)
		}
	}
}

func TestSettingsOfProcessorsAndCoreLightningAreCheckedBeforeAnythingIsOpened(t *testing.T) {
	t.Parallel()
	good := defaultProcessor()
	good.Address = "unix:/run/p.sock"
	node := defaultCLN()
	node.URL, node.TLSCert, node.Rune = "https://127.0.0.1:3010", "ca.pem", "rune"
	for name, c := range map[string]struct {
		check func(wrong report)
		want  string
	}{
		"a processor":                {good.validate, ""},
		"no address":                 {defaultProcessor().validate, "address"},
		"a network without TLS":      {Processor{Address: "pay.example:1", Deadline: 1, PayDeadline: 1, Doubt: 1}.validate, "address"},
		"insecure beyond here":       {Processor{Address: "pay.example:1", Insecure: true, Deadline: 1, PayDeadline: 1, Doubt: 1}.validate, "address"},
		"no time":                    {Processor{Address: "unix:/p", PayDeadline: 1, Doubt: 1}.validate, "deadline"},
		"a node":                     {func(wrong report) { node.validate(named{}, wrong) }, ""},
		"a node in the clear":        {func(wrong report) { c := node; c.URL = "http://127.0.0.1:3010"; c.validate(named{}, wrong) }, "url"},
		"a node without a rune":      {func(wrong report) { c := node; c.Rune = ""; c.validate(named{}, wrong) }, "rune"},
		"a node for another unit":    {func(wrong report) { node.validate(named{Backend: Backend{Use: Use{Units: []string{"usd"}}}}, wrong) }, "url"},
		"a fee above all":            {func(wrong report) { c := node; c.FeePPM = 1_000_001; c.validate(named{}, wrong) }, "fee_ppm"},
		"a node with no time at all": {func(wrong report) { c := node; c.PayTime = 0; c.validate(named{}, wrong) }, "pay_time"},
	} {
		var keys []string
		c.check(func(key, _ string, _ ...any) { keys = append(keys, key) })
		if got := strings.Join(keys, " "); got != c.want {
			t.Errorf("%s: complains about %q, want %q", name, got, c.want)
		}
	}
}
