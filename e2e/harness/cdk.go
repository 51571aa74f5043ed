package harness

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// CDK are the published programs of the Cashu Development Kit.
type CDK struct {
	Signatory string
	Mintd     string
	CLI       string
	Processor string
}

// FindCDK looks for the programs in dir and fails the test if one is missing.
func FindCDK(t testing.TB, dir string) CDK {
	t.Helper()
	c := CDK{
		Signatory: filepath.Join(dir, "signatory"), Mintd: filepath.Join(dir, "cdk-mintd"), CLI: filepath.Join(dir, "cdk-cli"),
		Processor: filepath.Join(dir, "cdk-payment-processor"),
	}
	for _, path := range []string{c.Signatory, c.Mintd, c.CLI, c.Processor} {
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("a program of CDK is missing (make interop installs it): %v", err)
		}
	}
	return c
}

// StartCDKSignatory starts CDK's signatory in the place of ours: at the address,
// with the certificates and the seed of this stack, which must be MTLS. Its
// keysets are its own, and at first there are none.
func (s *Stack) StartCDKSignatory(cdk CDK) {
	s.t.Helper()
	work := filepath.Join(s.dir, "cdk-signatory")
	if err := os.MkdirAll(work, 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(work, "seed"), []byte(s.words), 0o600); err != nil {
		s.t.Fatal(err)
	}
	host, port := s.split(s.sigAddr)
	s.Signatory = start(s.t, launch{
		name: "CDK's signatory", path: cdk.Signatory, log: filepath.Join(s.dir, "cdk-signatory"+foreign),
		args: []string{"--work-dir", work, "--certs", s.tls(), "--listen-addr", host, "--listen-port", port, "--enable-logging", "--log-level", "info"},
	})
	s.Signatory.until("CDK's signatory lists its keysets", func() error {
		_, err := s.keysets("list")
		return err
	})
}

// StartCDKMintd starts CDK's mint in the place of ours, on the signatory of this
// stack, which must be MTLS.
func (s *Stack) StartCDKMintd(cdk CDK, inputFeePPK int) {
	s.t.Helper()
	s.startCDKMintd(cdk, s.cdkMint(cdk, inputFeePPK, cdkFake))
}

// StartCDKMintdOn is StartCDKMintd with a payment processor, to which it speaks TLS with
// the certificates of this stack.
func (s *Stack) StartCDKMintdOn(cdk CDK, p *Processor) {
	s.t.Helper()
	host, port := s.split(p.Address)
	s.startCDKMintd(cdk, s.cdkMint(cdk, 0, fmt.Sprintf(cdkProcessor, host, port, s.tls())))
}

func (s *Stack) startCDKMintd(cdk CDK, work string) {
	s.t.Helper()
	s.Mintd = start(s.t, launch{
		name: "CDK's mint", path: cdk.Mintd, log: filepath.Join(s.dir, "cdk-mintd"+foreign),
		args: []string{"--work-dir", work},
	})
	client := s.Client()
	s.Mintd.until("CDK's mint shows keysets", func() error {
		reply, err := client.Get("/v1/keys")
		if err == nil && !strings.Contains(reply.Body, `"id"`) {
			err = fmt.Errorf("/v1/keys: %v", reply)
		}
		return err
	})
}

// FailToStartCDKMintd is StartCDKMintd where it must end by itself, with an
// error. It returns what it said.
func (s *Stack) FailToStartCDKMintd(cdk CDK, inputFeePPK int) string {
	s.t.Helper()
	out, err := run(s.t, cdk.Mintd, "--work-dir", s.cdkMint(cdk, inputFeePPK, cdkFake))
	if err == nil {
		s.t.Fatalf("CDK's mint ended well:\n%s", out)
	}
	return out
}

// cdkMint makes the directory of CDK's mint with its configuration in it.
func (s *Stack) cdkMint(cdk CDK, inputFeePPK int, backend string) string {
	s.t.Helper()
	work := filepath.Join(s.dir, fmt.Sprintf("cdk-mintd-%d", inputFeePPK))
	if err := os.Mkdir(work, 0o700); err != nil {
		s.t.Fatal(err)
	}
	sigHost, sigPort := s.split(s.sigAddr)
	host, port := s.split(s.mintAddr)
	config := work + ".toml"
	if err := os.WriteFile(config, fmt.Appendf(nil, cdkConfig+backend, s.URL(), host, port, inputFeePPK, sigHost, sigPort, s.tls()), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if _, err := run(s.t, cdk.Mintd, "--work-dir", work, "config", "init", "--new-mint", "--file", config); err != nil {
		s.t.Fatal(err)
	}
	return work
}

// foreign ends the names of logs that are not searched for secrets: what others
// write into their logs is theirs.
const foreign = ".foreign"

const cdkConfig = `
[info]
url = %q
listen_host = %q
listen_port = %s
input_fee_ppk = %d
[info.logging]
output = "stderr"
console_level = "info"
[signatory]
enabled = true
address = %q
port = %s
tls_dir = %q
[mint_info]
name = "a mint made with CDK"
[database]
engine = "sqlite"
`

const cdkFake = `
[payment_backend]
backend = "fakewallet"
[onchain]
onchain_backend = "none"
[fake_wallet]
fee_percent = 0.0
reserve_fee_min = 1
custom_payment_methods = []
min_delay_time = 1
max_delay_time = 1
`

const cdkProcessor = `
[payment_backend]
backend = "grpcprocessor"
[onchain]
onchain_backend = "none"
[grpc_processor]
supported_units = ["sat"]
address = %q
port = %s
tls_dir = %q
`

// StartCDKProcessor starts CDK's payment processor with its fake wallet, which pays
// every request after two seconds, with the certificates of this stack, and returns
// where it listens.
func (s *Stack) StartCDKProcessor(cdk CDK) (address string) {
	s.t.Helper()
	address = FreeAddress(s.t)
	host, port := s.split(address)
	p := start(s.t, launch{
		name: "CDK's payment processor", path: cdk.Processor, log: filepath.Join(s.dir, "cdk-processor"+foreign), dir: s.dir,
		args: []string{"--enable-logging", "--log-level", "info"},
		env: []string{
			"CDK_PAYMENT_PROCESSOR_BACKEND=FAKEWALLET", "CDK_PAYMENT_PROCESSOR_LISTEN_HOST=" + host,
			"CDK_PAYMENT_PROCESSOR_LISTEN_PORT=" + port, "CDK_PAYMENT_PROCESSOR_TLS_DIR=" + s.tls(),
		},
	})
	p.until("CDK's payment processor listens", func() error {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			err = conn.Close()
		}
		return err
	})
	return address
}

// TLSDir is the directory of the certificates of an MTLS stack.
func (s *Stack) TLSDir() string { return s.tls() }

// CDKWallet is CDK's command-line wallet with a directory, and so a seed, of its
// own.
type CDKWallet struct {
	t       testing.TB
	program string
	dir     string
}

// NewCDKWallet makes an empty wallet.
func (s *Stack) NewCDKWallet(cdk CDK, name string) *CDKWallet {
	s.t.Helper()
	return &CDKWallet{t: s.t, program: cdk.CLI, dir: filepath.Join(s.dir, "wallet-"+name)}
}

// Run executes a command of the wallet and returns what it printed.
func (w *CDKWallet) Run(args ...string) (string, error) {
	w.t.Helper()
	return run(w.t, w.program, append([]string{"--work-dir", w.dir, "--unit", "sat", "--non-interactive"}, args...)...)
}

// Must is Run for what has to succeed.
func (w *CDKWallet) Must(args ...string) string {
	w.t.Helper()
	out, err := w.Run(args...)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// Clone makes an empty wallet with the seed of this one.
func (w *CDKWallet) Clone(name string) *CDKWallet {
	w.t.Helper()
	other := &CDKWallet{t: w.t, program: w.program, dir: filepath.Join(filepath.Dir(w.dir), "wallet-"+name)}
	seed, err := os.ReadFile(filepath.Join(w.dir, "seed"))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.Mkdir(other.dir, 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(other.dir, "seed"), seed, 0o600); err != nil {
		w.t.Fatal(err)
	}
	return other
}

func (s *Stack) split(address string) (host, port string) {
	s.t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		s.t.Fatal(err)
	}
	return host, port
}
