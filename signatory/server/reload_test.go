package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/internal/tlsdir"
	"mintmark/keystore"
	"mintmark/signatory"
)

// reloadable is a signatory whose rights a test can change while it serves.
type reloadable struct {
	*running
	server *Server
	ks     *keystore.Keystore
	file   string
}

func serveReloadable(t *testing.T, cfg Config) reloadable {
	t.Helper()
	r := reloadable{file: t.TempDir() + "/k.db"}
	r.ks = storedKeystore(t, r.file, true, nil)
	rotate(t, r.ks, 0)
	cfg.Keystore, cfg.Records = r.ks, r.ks
	r.running, r.server = serveServer(t, cfg)
	return r
}

func (r reloadable) audit(t *testing.T) string {
	t.Helper()
	var log strings.Builder
	if err := keystore.ExportAudit(t.Context(), keystore.At(r.file), &log); err != nil {
		t.Fatal(err)
	}
	return log.String()
}

func fixed(c *Clients) func() (*Clients, error) { return func() (*Clients, error) { return c, nil } }

func TestAReloadTakesRightsFromConnectionsThatAreOpen(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	r := serveReloadable(t, Config{Clients: ourMint(t, ""), Listen: "unix:" + path})
	c := dial(t, signatory.ClientConfig{Address: "unix:" + path})
	sign := func(amount cashu.Amount) error {
		messages, _ := order(t, r.ks.Keysets().Keysets[0], amount, 1)
		_, err := c.BlindSign(t.Context(), messages)
		return err
	}
	if err := sign(8); err != nil {
		t.Fatal(err)
	}
	told, ended := make(chan struct{}, 8), make(chan error, 1)
	go func() {
		ended <- c.SubscribeKeysets(t.Context(), func(signatory.Snapshot) error { told <- struct{}{}; return nil })
	}()
	<-told

	// Another budget.
	if err := r.server.Reload(t.Context(), Reading{Clients: fixed(ourMint(t, "[[client.budget]]\nunit = \"sat\"\nhour_value = 8\n"))}); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, signatory.ErrUnavailable) {
		t.Errorf("a stream from before the reload: %v", err)
	}
	if err := sign(16); err == nil || !strings.Contains(err.Error(), "budget") {
		t.Errorf("the new budget is not in force: %v", err)
	}
	if err := sign(8); err != nil {
		t.Errorf("within the new budget: %v", err)
	}

	// A file that makes no sense changes nothing.
	bad := errors.New("clients.toml:1: unknown key nonsense")
	if err := r.server.Reload(t.Context(), Reading{Clients: func() (*Clients, error) { return nil, bad }}); !errors.Is(err, bad) {
		t.Errorf("%v", err)
	}
	if err := sign(16); err == nil || !strings.Contains(err.Error(), "budget") {
		t.Errorf("a bad reload has changed something: %v", err)
	}
	if !strings.Contains(r.logs.String(), "reload failed: what was in force stays so") || !strings.Contains(r.audit(t), "unknown key nonsense") {
		t.Errorf("log or audit does not tell of the bad reload:\n%s", r.audit(t))
	}
	if err := r.server.Reload(t.Context(), Reading{}); !errors.Is(err, errNoClients) {
		t.Errorf("a reload without clients would open the door to everybody: %v", err)
	}

	// The client is no mint any more; its connection is still open.
	other := mustParse(t, fmt.Sprintf("[[client]]\nname = \"mint\"\nroles = [\"monitor\"]\nuid = [%d]\n", os.Geteuid()))
	if err := r.server.Reload(t.Context(), Reading{Clients: fixed(other)}); err != nil {
		t.Fatal(err)
	}
	if err := sign(1); err == nil || !strings.Contains(err.Error(), "may not call BlindSign") {
		t.Errorf("it signs for a client that lost the right: %v", err)
	}
	// And now nobody.
	stranger := mustParse(t, "[[client]]\nname = \"other\"\nroles = [\"mint\"]\nuid = [4000000000]\n")
	if err := r.server.Reload(t.Context(), Reading{Clients: fixed(stranger)}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Keysets(t.Context()); err == nil || !strings.Contains(err.Error(), "nobody in the clients file") {
		t.Errorf("it answers somebody who is gone from the file: %v", err)
	}
	if got := strings.Count(r.audit(t), `"reloaded":true`); got != 3 {
		t.Errorf("%d reloads in the audit log:\n%s", got, r.audit(t))
	}
}

// copyCertificates puts the files of one directory over those of another.
func copyCertificates(t *testing.T, from, to string, names ...string) {
	t.Helper()
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAReloadPutsOtherCertificatesInForce(t *testing.T) {
	t.Parallel()
	first, second := certificates(t, tlsdir.Request{}), certificates(t, tlsdir.Request{})
	live := directory(t, map[string]string{"ca.pem": first, "server.pem": first, "server.key": first})
	r := serveReloadable(t, Config{Listen: "127.0.0.1:0", TLSDir: live})
	address := r.addr.String()
	old := dial(t, signatory.ClientConfig{Address: address, TLSDir: first})
	if _, err := old.Keysets(t.Context()); err != nil {
		t.Fatal(err)
	}

	// Half of a change: the key does not fit the certificate.
	copyCertificates(t, second, live, "server.pem")
	if err := r.server.Reload(t.Context(), Reading{}); err == nil {
		t.Error("a certificate without its key was taken")
	}
	if _, err := dial(t, signatory.ClientConfig{Address: address, TLSDir: first}).Keysets(t.Context()); err != nil {
		t.Errorf("after a bad reload the old certificates do not work: %v", err)
	}

	copyCertificates(t, second, live, "server.key", "ca.pem")
	if err := r.server.Reload(t.Context(), Reading{}); err != nil {
		t.Fatal(err)
	}
	if _, err := dial(t, signatory.ClientConfig{Address: address, TLSDir: second}).Keysets(t.Context()); err != nil {
		t.Errorf("the new certificates do not work: %v", err)
	}
	// The connection of before is open still, and its authority is gone.
	if _, err := old.Keysets(t.Context()); err == nil || !strings.Contains(err.Error(), "not trusted any more") {
		t.Errorf("a connection outlived its authority: %v", err)
	}
	mixed := directory(t, map[string]string{"ca.pem": second, "client.pem": first, "client.key": first})
	if _, err := dial(t, signatory.ClientConfig{Address: address, TLSDir: mixed}).Keysets(t.Context()); !errors.Is(err, signatory.ErrUnavailable) {
		t.Errorf("a handshake with the old authority: %v", err)
	}
}

func TestARenewedCertificateOfTheSameAuthorityKeepsConnections(t *testing.T) {
	t.Parallel()
	home := certificates(t, tlsdir.Request{})
	r := serveReloadable(t, Config{Listen: "127.0.0.1:0", TLSDir: home})
	c := dial(t, signatory.ClientConfig{Address: r.addr.String(), TLSDir: home})
	if _, err := c.Keysets(t.Context()); err != nil {
		t.Fatal(err)
	}
	renewed := directory(t, map[string]string{"ca.pem": home, "ca.key": home})
	certificates(t, tlsdir.Request{Dir: renewed})
	copyCertificates(t, renewed, home, "server.pem", "server.key")
	if err := r.server.Reload(t.Context(), Reading{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Keysets(t.Context()); err != nil {
		t.Errorf("the connection of before: %v", err)
	}
	secure, err := tlsdir.Client(home, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	secure.NextProtos = []string{"h2"}
	conn, err := (&tls.Dialer{Config: secure}).DialContext(t.Context(), "tcp", r.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	want, err := tls.LoadX509KeyPair(filepath.Join(renewed, "server.pem"), filepath.Join(renewed, "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	if got := conn.(*tls.Conn).ConnectionState().PeerCertificates[0]; !got.Equal(want.Leaf) {
		t.Error("the handshake shows the old certificate")
	}
}

func TestAReloadBeforeTheStartIsRefused(t *testing.T) {
	t.Parallel()
	s, err := New(Config{Keystore: newFake(t, keyset(t, 0, 0)), Listen: "unix:" + socketPath(t), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Reload(context.Background(), Reading{}); err == nil {
		t.Error("it was reloaded")
	}
}

func TestAReloadTakesTheRotationAlongOrLeavesAllAsItWas(t *testing.T) {
	t.Parallel()
	before := mustRotation(t, "[[rotation]]\nunit = \"sat\"\nmax_age = \"300d\"\n")
	after := mustRotation(t, "[[rotation]]\nunit = \"sat\"\nmax_age = \"200d\"\n")
	path := t.TempDir() + "/k.db"
	ks := storedKeystore(t, path, true, nil)
	rotate(t, ks, 0)
	_, s := serveServer(t, Config{Keystore: ks, Records: ks, Stepper: ks, Rotation: before, Clients: ourMint(t, ""), Listen: "unix:" + socketPath(t)})
	age := func() time.Duration { return s.Rotations()[0].Policy.MaxAge }
	of := func(p Policies, err error) func() (Policies, error) {
		return func() (Policies, error) { return p, err }
	}
	other := ourMint(t, "[[client.budget]]\nunit = \"sat\"\nhour_value = 8\n")

	bad := errors.New("rotation.toml:1: unknown key nonsense")
	if err := s.Reload(t.Context(), Reading{Clients: fixed(other), Rotation: of(nil, bad)}); !errors.Is(err, bad) {
		t.Errorf("%v", err)
	}
	if age() != 300*aDay || s.force.Load().clients == other {
		t.Error("a bad rotation file has changed something")
	}
	if err := s.Reload(t.Context(), Reading{Clients: func() (*Clients, error) { return nil, bad }, Rotation: of(after, nil)}); !errors.Is(err, bad) || age() != 300*aDay {
		t.Errorf("beside a bad clients file the rotation was taken: %v", err)
	}
	if err := s.Reload(t.Context(), Reading{Clients: fixed(other), Rotation: of(after, nil)}); err != nil || age() != 200*aDay {
		t.Errorf("%v, the policy in force has the age %s", err, age())
	}
	// Who was started without a file keeps what there is.
	if err := s.Reload(t.Context(), Reading{Clients: fixed(other)}); err != nil || age() != 200*aDay {
		t.Errorf("%v, the policy in force has the age %s", err, age())
	}
}
