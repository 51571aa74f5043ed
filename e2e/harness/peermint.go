package harness

import (
	"cmp"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"mintmark/wallet/mintclient"
)

// PeerMint is a running mint of another project with play money: its invoices are
// paid by themselves, and it pays every invoice.
type PeerMint struct {
	t       testing.TB
	address string
	launch  func(keyset int) launch
	keyset  int
	process *Process
	front   string // where wallets find it, if not at its address
}

// StartGonutsMint starts the mint of gonuts, without its WebSockets: version 0.4.2
// ends with a panic ("send on closed channel") when somebody hangs up while it has
// something to tell him.
func StartGonutsMint(t testing.TB) *PeerMint {
	t.Helper()
	program, err := filepath.Abs(filepath.Join(Installed, "installed", "gonuts"))
	if err != nil {
		t.Fatal(err)
	}
	needInstalled(t, "gonuts", program)
	m, dir := &PeerMint{t: t, address: FreeAddress(t)}, t.TempDir()
	_, port, _ := net.SplitHostPort(m.address)
	m.launch = func(keyset int) launch {
		return launch{
			name: "gonuts", path: program, log: filepath.Join(dir, "log"), dir: dir,
			args: []string{"-pays", "-data", filepath.Join(dir, "data"), "-port", port, "-index", fmt.Sprint(keyset)},
		}
	}
	m.logWhenFailed(filepath.Join(dir, "log"))
	m.start()
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: m.address})
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/ws" {
			http.NotFound(w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	m.front = front.URL
	return m
}

// StartNutshellMint starts the mint of nutshell.
func StartNutshellMint(t testing.TB) *PeerMint {
	t.Helper()
	program, err := filepath.Abs(filepath.Join(Installed, "installed", "nutshell", "bin", "mint"))
	if err != nil {
		t.Fatal(err)
	}
	needInstalled(t, "nutshell", filepath.Join(Installed, "installed", "nutshell", ".installed"))
	m, dir := &PeerMint{t: t, address: FreeAddress(t)}, t.TempDir()
	host, port, _ := net.SplitHostPort(m.address)
	m.launch = func(keyset int) launch {
		return launch{
			name: "nutshell", path: program, log: filepath.Join(dir, "log"), dir: dir,
			args: []string{"--host", host, "--port", port},
			env: []string{
				"HOME=" + dir, "CASHU_DIR=" + dir, "MINT_DATABASE=" + filepath.Join(dir, "mint"), "MINT_PRIVATE_KEY=play money",
				"MINT_BACKEND_BOLT11_SAT=FakeWallet", "MINT_RATE_LIMIT=false", fmt.Sprintf("MINT_DERIVATION_PATH=m/0'/0'/%d'", keyset),
				"FAKEWALLET_DELAY_INCOMING_PAYMENT=0.2", "FAKEWALLET_DELAY_OUTGOING_PAYMENT=0.2",
			},
		}
	}
	m.logWhenFailed(filepath.Join(dir, "log"))
	m.start()
	return m
}

func (m *PeerMint) logWhenFailed(path string) {
	m.t.Cleanup(func() {
		if m.t.Failed() {
			m.t.Logf("log of the mint:\n%s", tail(path))
		}
	})
}

// URL is where wallets find it.
func (m *PeerMint) URL() string { return cmp.Or(m.front, "http://"+m.address) }

// Rotate starts the mint again with a new keyset; the old one is no longer active.
func (m *PeerMint) Rotate() {
	m.t.Helper()
	m.process.Kill()
	m.keyset++
	m.start()
}

func (m *PeerMint) start() {
	m.t.Helper()
	m.process = start(m.t, m.launch(m.keyset))
	c, err := mintclient.New(mintclient.Config{URL: "http://" + m.address})
	if err != nil {
		m.t.Fatal(err)
	}
	defer c.Close()
	for end := time.Now().Add(5 * patience); ; time.Sleep(50 * time.Millisecond) { // Python begins slowly
		if _, err := c.Info(m.t.Context()); err == nil {
			return
		}
		if time.Now().After(end) {
			m.t.Fatalf("%s does not answer: %s", m.process.Name, m.process.Log())
		}
	}
}
