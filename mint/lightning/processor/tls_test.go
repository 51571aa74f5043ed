package processor_test

import (
	"path/filepath"
	"testing"
	"time"

	"mintmark/e2e/harness"
	"mintmark/internal/tlsdir"
	"mintmark/mint/lightning/processor"
)

func certificates(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if _, err := tlsdir.Generate(tlsdir.Request{Dir: dir, Hosts: []string{"127.0.0.1"}}); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestOverTCPBothSidesMustHaveACertificateOfTheSameAuthority(t *testing.T) {
	t.Parallel()
	ours, theirs := certificates(t), certificates(t)
	p := harness.StartProcessor(t, program, t.TempDir(), "-tls", ours)
	for name, c := range map[string]struct {
		change func(*processor.Config)
		knows  bool // what the processor can do
	}{
		"the same authority": {func(c *processor.Config) { c.TLSDir = ours }, true},
		"another authority":  {func(c *processor.Config) { c.TLSDir = theirs }, false},
		"another name":       {func(c *processor.Config) { c.TLSDir, c.ServerName = ours, "pay.example" }, false},
		"no TLS":             {func(c *processor.Config) { c.Insecure = true }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := processor.Config{Address: p.Address, Journal: filepath.Join(t.TempDir(), "journal.db"), Deadline: time.Second, Logger: quiet}
			c.change(&cfg)
			b, err := processor.Open(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			for end := time.Now().Add(patience); c.knows && len(b.Settings()) == 0 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			}
			if knows := len(b.Settings()) > 0; knows != c.knows {
				t.Errorf("it knows the processor: %v", knows)
			}
			if err := b.Ping(t.Context()); (err == nil) != c.knows {
				t.Errorf("a sign of life: %v", err)
			}
		})
	}
	for name, cfg := range map[string]processor.Config{
		"no address":           {},
		"TCP without TLS":      {Address: "127.0.0.1:1"},
		"insecure beyond here": {Address: "pay.example:1", Insecure: true},
		"a directory of none":  {Address: "127.0.0.1:1", TLSDir: t.TempDir()},
	} {
		cfg.Journal = filepath.Join(t.TempDir(), "journal.db")
		if b, err := processor.Open(t.Context(), cfg); err == nil {
			t.Errorf("%s: %v", name, b.Close())
		}
	}
}
