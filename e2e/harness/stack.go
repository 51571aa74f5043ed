package harness

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Transport is how mintd reaches its signatory.
type Transport uint8

const (
	Unix  Transport = iota // a signatory of its own behind a unix socket
	MTLS                   // a signatory behind TCP with mutual TLS, its seed sealed
	Spawn                  // mintd starts the signatory itself: all defaults but the address
)

func (tr Transport) String() string {
	return [...]string{"over a unix socket", "over mutual TLS", "spawned by mintd"}[tr]
}

// Quick is a configuration of mintd for impatient tests. The deadline is that
// of every call to the signatory, e.g. "1s".
func Quick(deadline string) string {
	return fmt.Sprintf(`
[signatory]
deadline = %q
[lightning.fake]
incoming_delay = "20ms"
outgoing_delay = "20ms"
[quotes]
poll_interval = "50ms"
`, deadline)
}

// Stack is one mint: its directories, its addresses and its two programs. The
// programs may come and go; data, addresses and wallets stay.
type Stack struct {
	Programs  Programs
	Transport Transport
	Secrets   *Secrets
	Signatory *Process // nil with Spawn
	Mintd     *Process

	// Config is the TOML file of mintd, read at its next start. It only makes
	// the test quicker than the defaults; where and with whom mintd runs is
	// said in flags.
	Config string

	// Database of mintd, for example the URL of one on a PostgreSQL server.
	// Empty: the default, a file in its data directory.
	Database string

	// Clients is the TOML file of the signatory's clients, read at its next
	// start. Empty: none, so that whoever gets in may do everything.
	Clients string

	// Faults are those of mintd, SignatoryFaults those of the signatory. Only
	// programs with crash points obey them.
	Faults          *Faults
	SignatoryFaults *Faults

	words    string // the seed, if the test gave it
	t        testing.TB
	dir      string
	keystore string // URL of the keystore; empty: in the signatory's directory
	suffix   string // of the files of this replica; empty for the first
	sigAddr  string // what mintd and the operator's commands connect to
	sigMore  string // further signatories that mintd connects to, each after a comma
	mintAddr string
	http     *http.Transport // of all clients of the mint and its replicas
	metrics  string          // address of mintd's numbers; empty: it shows none
	node     string          // the database of the fake node; empty: in the mint's directory
}

// NewStack makes the directories, the seed and, for MTLS, the certificates.
// Nothing runs yet. At the end of the test every log is searched for secrets.
func NewStack(t testing.TB, programs Programs, transport Transport) *Stack {
	t.Helper()
	return newStack(t, programs, transport, "", "")
}

// NewOldStack is NewStack over a unix socket for wallets that know keyset ids of
// version 1 only, from the first keyset on.
func NewOldStack(t testing.TB, programs Programs) *Stack {
	t.Helper()
	return newStack(t, programs, Unix, "", "", "--id-version", "1")
}

// NewSharedStack is NewStack with the keystore in a PostgreSQL database, in which
// there is none yet: see AddSignatory.
func NewSharedStack(t testing.TB, programs Programs, transport Transport, keystore string) *Stack {
	t.Helper()
	return newStack(t, programs, transport, keystore, "")
}

// NewStackOfWords is NewStack over mutual TLS with the seed of a BIP39 mnemonic.
func NewStackOfWords(t testing.TB, programs Programs, words string) *Stack {
	t.Helper()
	return newStack(t, programs, MTLS, "", words)
}

func newStack(t testing.TB, programs Programs, transport Transport, keystore, words string, init ...string) *Stack {
	t.Helper()
	s := &Stack{
		keystore: keystore, words: words,
		Programs: programs, Transport: transport, Secrets: new(Secrets),
		t: t, dir: ShortDir(t), mintAddr: FreeAddress(t), Config: Quick("10s"),
		http: &http.Transport{MaxIdleConnsPerHost: 100},
	}
	t.Cleanup(s.http.CloseIdleConnections)
	s.Faults = newFaults(t, filepath.Join(s.dir, "faults"))
	s.SignatoryFaults = newFaults(t, filepath.Join(s.dir, "faults-signatory"))
	t.Cleanup(func() {
		if transport == Spawn {
			s.hideSeed() // written by the first start
		}
		s.Secrets.searchLogs(t, s.dir)
		if t.Failed() {
			logs, _ := filepath.Glob(filepath.Join(s.dir, "*.log"))
			others, _ := filepath.Glob(filepath.Join(s.dir, "*"+foreign))
			for _, path := range append(logs, others...) {
				t.Logf("log %s:\n%s", filepath.Base(path), tail(path))
			}
		}
	})
	switch transport {
	case Unix:
		s.sigAddr = "unix:" + filepath.Join(s.dir, "s.sock")
		s.operate(append(s.inKeystore("init", "--data", s.sigData(), "--plaintext-seed"), init...)...)
		s.hideSeed()
	case MTLS:
		s.sigAddr = FreeAddress(t)
		if err := os.WriteFile(s.passphraseFile(), []byte("a passphrase for the test\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		s.Secrets.Hide("a passphrase for the test")
		s.operate(s.inKeystore("init", "--data", s.sigData(), "--passphrase-file", s.passphraseFile(), "--import-file", s.hiddenSeed())...)
		s.operate("certs", "--out", s.tls(), "--host", "127.0.0.1")
	case Spawn:
		s.sigAddr = "unix:" + filepath.Join(s.mintData(), "signatory.sock")
	}
	return s
}

// Start starts what the transport asks for and waits until the mint answers.
func (s *Stack) Start() {
	s.t.Helper()
	if s.Transport != Spawn {
		s.StartSignatory()
	}
	s.StartMintd()
}

// StartSignatory starts the signatory and waits until it answers.
func (s *Stack) StartSignatory(env ...string) {
	s.t.Helper()
	var args []string
	if s.Transport == MTLS {
		args = append(args, "--passphrase-file", s.passphraseFile())
	}
	s.launchSignatory(args, env...)
	s.Signatory.until("the signatory lists its keysets", func() error {
		_, err := s.keysets("list")
		return err
	})
}

// StartLocked starts the signatory without its seed, and waits for the admin
// socket.
func (s *Stack) StartLocked() {
	s.t.Helper()
	s.launchSignatory([]string{"--locked"})
	s.Signatory.until("the admin socket answers", func() error {
		_, err := s.Admin("status")
		return err
	})
}

func (s *Stack) launchSignatory(more []string, env ...string) {
	s.t.Helper()
	args := append(s.inKeystore("serve", "--data", s.sigData(), "--listen", s.sigAddr, "--log-level", "debug"), more...)
	if s.Transport == MTLS {
		args = append(args, "--tls", s.tls())
	}
	if s.Clients != "" {
		file := filepath.Join(s.dir, "clients.toml")
		if err := os.WriteFile(file, []byte(s.Clients), 0o600); err != nil {
			s.t.Fatal(err)
		}
		args = append(args, "--clients", file)
	}
	s.Signatory = start(s.t, launch{
		name: "signatory", path: s.Programs.Signatory, args: args, env: append(env, s.SignatoryFaults.env()),
		log: filepath.Join(s.dir, "signatory.log"),
	})
}

// Admin runs a command of the signatory's operator and returns what it said.
func (s *Stack) Admin(args ...string) (string, error) {
	s.t.Helper()
	return run(s.t, s.Programs.Signatory, append([]string{"admin", "--connect", "unix:" + filepath.Join(s.sigData(), "admin.sock")}, args...)...)
}

// MustUnlock brings the keys back.
func (s *Stack) MustUnlock() {
	s.t.Helper()
	if _, err := s.Admin("unlock", "--passphrase-file", s.passphraseFile()); err != nil {
		s.t.Fatal(err)
	}
}

// hiddenSeed makes a file to import the seed from: that of the test's words, or
// any. The logs are searched for it.
func (s *Stack) hiddenSeed() string {
	s.t.Helper()
	text := s.words
	if text == "" {
		raw := make([]byte, 32)
		_, _ = rand.Read(raw) // never fails
		text = hex.EncodeToString(raw)
	}
	path := filepath.Join(s.dir, "import")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := s.Secrets.HideSeed(path); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// Replica is another mintd on the same database and the same signatory. It has
// an address and a data directory of its own; the Signatory of the first Stack is
// the one to kill and start.
func (s *Stack) Replica() *Stack {
	s.t.Helper()
	other := *s
	other.suffix = s.suffix + "-replica"
	other.mintAddr = FreeAddress(s.t)
	other.Faults = newFaults(s.t, filepath.Join(s.dir, "faults"+other.suffix))
	other.Mintd = nil
	return &other
}

// StartMintd starts mintd and waits until it has keysets to show.
func (s *Stack) StartMintd(env ...string) {
	s.t.Helper()
	s.LaunchMintd(env...)
	client := s.Client()
	s.Mintd.until("the mint shows keysets", func() error {
		reply, err := client.Get("/v1/keys")
		if err != nil {
			return err
		}
		if !strings.Contains(reply.Body, `"id"`) {
			return fmt.Errorf("/v1/keys: %v", reply)
		}
		return nil
	})
}

// LaunchMintd starts mintd and does not wait.
func (s *Stack) LaunchMintd(env ...string) {
	s.t.Helper()
	s.http.CloseIdleConnections() // to the one that is gone: our client does not put a request twice
	config := filepath.Join(s.dir, "mintd"+s.suffix+".toml")
	text := s.Config
	if s.node != "" {
		text = strings.Replace(text, "[lightning.fake]\n", fmt.Sprintf("[lightning.fake]\ndatabase = %q\n", s.node), 1)
	}
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	args := []string{"serve", "--listen", s.mintAddr}
	if s.Transport != Spawn {
		args = append(args, "--config", config, "--data", s.mintData(), "--signatory", s.sigAddr+s.sigMore)
	}
	if s.Transport == MTLS {
		args = append(args, "--signatory-tls", s.tls())
	}
	if s.Database != "" {
		args = append(args, "--database", s.Database)
	}
	s.Mintd = start(s.t, launch{
		name: "mintd" + s.suffix, path: s.Programs.Mintd, args: args, env: append(env, s.Faults.env()), dir: s.dir,
		log: filepath.Join(s.dir, "mintd"+s.suffix+".log"),
	})
}

// SecondSignatory starts another signatory on the same data, waits for its end
// and returns what it said and its error.
func (s *Stack) SecondSignatory() (string, error) {
	s.t.Helper()
	return run(s.t, s.Programs.Signatory, "serve", "--data", s.sigData(), "--listen", "unix:"+filepath.Join(s.dir, "2.sock"))
}

// SecondMintd does the same for mintd.
func (s *Stack) SecondMintd() (string, error) {
	s.t.Helper()
	return run(s.t, s.Programs.Mintd, "serve", "--data", s.mintData(), "--signatory", s.sigAddr, "--listen", FreeAddress(s.t))
}

// Rotate makes a new keyset for sat on the running signatory, as an operator
// does, and returns what the command printed.
func (s *Stack) Rotate(args ...string) string {
	s.t.Helper()
	out, err := s.keysets(append([]string{"rotate", "--unit", "sat"}, args...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// TryRotate is Rotate where the signatory may die of it.
func (s *Stack) TryRotate(args ...string) (string, error) {
	s.t.Helper()
	return s.keysets(append([]string{"rotate", "--unit", "sat"}, args...)...)
}

// URL is where the mint answers.
func (s *Stack) URL() string { return "http://" + s.mintAddr }

// SignatoryAddress is what clients of the signatory connect to.
func (s *Stack) SignatoryAddress() string { return s.sigAddr }

// TLS is the directory of the certificates of MTLS.
func (s *Stack) TLS() string { return s.tls() }

// Client makes a client of the mint.
func (s *Stack) Client() *Client { return newClient(s.t, s.URL(), s.http, s.Secrets) }

// Wallet makes a wallet with the mint's present keyset; the mint must answer.
func (s *Stack) Wallet() *Wallet {
	s.t.Helper()
	w := &Wallet{Client: s.Client()}
	w.LoadKeyset()
	return w
}

func (s *Stack) keysets(args ...string) (string, error) {
	full := append([]string{"keysets"}, args...)
	full = append(full, "--connect", s.sigAddr)
	if s.Transport == MTLS {
		full = append(full, "--tls", s.tls())
	}
	return run(s.t, s.Programs.Signatory, full...)
}

func (s *Stack) operate(args ...string) {
	s.t.Helper()
	if _, err := run(s.t, s.Programs.Signatory, args...); err != nil {
		s.t.Fatal(err)
	}
}

// hideSeed finds the plain seed file, wherever below the directories it lies.
func (s *Stack) hideSeed() {
	s.t.Helper()
	found := 0
	err := filepath.WalkDir(s.dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && strings.HasPrefix(entry.Name(), "seed") {
			found++
			return s.Secrets.HideSeed(path)
		}
		return err
	})
	if err != nil || found != 1 {
		s.t.Errorf("looking for the seed file: found %d, %v", found, err)
	}
}

func (s *Stack) sigData() string        { return filepath.Join(s.dir, "signatory") }
func (s *Stack) mintData() string       { return filepath.Join(s.dir, "mintmark-data"+s.suffix) }
func (s *Stack) tls() string            { return filepath.Join(s.dir, "tls") }
func (s *Stack) passphraseFile() string { return filepath.Join(s.dir, "passphrase") }
