package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mintmark/internal/tlsdir"
)

// eventually asks until the answer has the text, or for too long.
func eventually(t *testing.T, url, want string) {
	t.Helper()
	var body string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if _, body = get(t, url); strings.Contains(body, want) {
			return
		}
	}
	t.Errorf("%s never said %q, but\n%s", url, want, body)
}

func TestTheOperatorSwitchesAndBoundsPaymentsOfARunningMint(t *testing.T) {
	t.Parallel()
	cfg := spawnConfig(t)
	data := []string{"--data", cfg.Data}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out lockedBuffer
	ended := make(chan int, 1)
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--signatory-program", cfg.Signatory.Program}, data...)
	go func() { ended <- run(ctx, args, strings.NewReader(""), io.Discard, &out) }()
	url := out.await(t, "listens on ")

	mintd := func(want int, args ...string) string {
		t.Helper()
		code, out, errs := command(t, append(args, data...)...)
		if code != want {
			t.Fatalf("%v: exit code %d, %s%s", args, code, out, errs)
		}
		return out + errs
	}
	mintd(1, "lightning", "terms") // there are none
	mintd(0, "lightning", "disable", "melt", "--method", "bolt11")
	mintd(0, "lightning", "disable", "mint")
	mintd(0, "lightning", "terms", "set", "--unit", "sat", "--max-melt", "77", "--fee-min", "3", "--fee-ppm", "12500")
	eventually(t, url+"/v1/info", `"max_amount":77`)
	if _, body := get(t, url+"/v1/info"); strings.Contains(body, `{"method":"bolt11","unit":"sat","min_amount"`) {
		t.Errorf("bolt11 is still there: %s", body)
	}
	status := mintd(0, "lightning", "status")
	for _, want := range []string{"fake", "answers", "0 sat", "mint  bolt12   sat   fake     OFF: switched off", "melt  onchain  sat   fake     on ", "77      3, and 1.25%", "melt  bolt11   sat   fake     OFF"} {
		if !strings.Contains(status, want) {
			t.Errorf("the status does not say %q:\n%s", want, status)
		}
	}
	if text := mintd(0, "lightning", "terms"); !strings.Contains(text, `"fee_ppm":12500`) {
		t.Errorf("the terms are %s", text)
	}
	mintd(2, "lightning", "terms", "set")
	mintd(1, "lightning", "terms", "set", "--fee-ppm", "1000001")
	mintd(2, "lightning", "disable", "everything")
	mintd(0, "lightning", "enable", "mint")
	mintd(0, "lightning", "enable", "melt")
	mintd(0, "setting", "set", "mint_info", `{"name":"Corner mint"}`)
	eventually(t, url+"/v1/info", `"5":{"methods":[{"method":"bolt11","unit":"sat"`)
	if status := mintd(0, "lightning", "status"); strings.Contains(status, "OFF: switched off") || !strings.Contains(status, "OFF: there is no active keyset") {
		t.Errorf("something is off, or all can be minted:\n%s", status)
	}
	eventually(t, url+"/v1/info", `"name":"Corner mint (play money)"`)
	mintd(0, "setting", "set", "terms", "[]")
	eventually(t, url+"/v1/info", `"max_amount":500000`)
	stop()
	<-ended
	if text := mintd(1, "lightning", "status"); !strings.Contains(text, "no mint is running") {
		t.Errorf("without a mint: %s", text)
	}
}

// Every type of backend has a check that looks at what it stands for.
func TestACheckLooksAtEveryTypeOfBackend(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certs := filepath.Join(dir, "tls")
	if _, err := tlsdir.Generate(tlsdir.Request{Dir: certs, Hosts: []string{"127.0.0.1"}}); err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(certs, "ca.pem")
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		settings string
		code     int
		want     string
	}{
		"fake": {"", 0, "ok     play money"},
		"lnd":  {"backend = 'lnd'\nlnd = {url = 'https://127.0.0.1:1', tls_cert = '" + ca + "', macaroon = '" + secret + "'}", 1, "BROKEN the node cannot be reached"},
		"cln":  {"backend = 'cln'\ncln = {url = 'https://127.0.0.1:1', tls_cert = '" + ca + "', rune = '" + secret + "'}", 1, "BROKEN the node cannot be reached"},
		"processor": {"backend = 'processor'\nprocessor = {address = '127.0.0.1:1', tls_dir = '" + certs + "'}", 1,
			"BROKEN it cannot be reached"},
	} {
		file := filepath.Join(dir, name+".toml")
		if err := os.WriteFile(file, []byte("[lightning]\nnetwork = 'regtest'\n"+c.settings+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		code, out, errs := command(t, "lightning", "check", "--data", filepath.Join(dir, "data"), "--config", file)
		if code != c.code || !strings.Contains(out, c.want) {
			t.Errorf("%s: exit code %d:\n%s%s", name, code, out, errs)
		}
	}
}
