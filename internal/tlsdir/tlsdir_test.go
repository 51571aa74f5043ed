package tlsdir_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mintmark/internal/tlsdir"
)

func generate(t *testing.T, r tlsdir.Request) string {
	t.Helper()
	if r.Dir == "" {
		r.Dir = t.TempDir()
	}
	if _, err := tlsdir.Generate(r); err != nil {
		t.Fatal(err)
	}
	return r.Dir
}

// handshake lets both sides meet over TCP and returns what each one thought of
// it. The client reads one byte, because only then it learns whether the server
// accepted its certificate.
func handshake(t *testing.T, server, client *tls.Config) (serverErr, clientErr error) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	done := make(chan error, 1)
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			done <- err
			return
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		s := tls.Server(conn, server)
		if err = s.Handshake(); err == nil {
			_, err = s.Write([]byte{1})
		}
		done <- err
	}()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	c := tls.Client(conn, client)
	if clientErr = c.Handshake(); clientErr == nil {
		_, clientErr = c.Read(make([]byte, 1))
	}
	return <-done, clientErr
}

func mustServer(t *testing.T, dir string) *tls.Config {
	t.Helper()
	cfg, err := tlsdir.Server(dir)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func mustClient(t *testing.T, dir, name string) *tls.Config {
	t.Helper()
	cfg, err := tlsdir.Client(dir, name)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestGeneratedCertificatesMeet(t *testing.T) {
	t.Parallel()
	dir := generate(t, tlsdir.Request{Hosts: []string{"signer.example", "192.0.2.7", "2001:db8::1"}})
	for _, name := range []string{"signer.example", "192.0.2.7", "2001:db8::1"} {
		if s, c := handshake(t, mustServer(t, dir), mustClient(t, dir, name)); s != nil || c != nil {
			t.Errorf("%s: server: %v, client: %v", name, s, c)
		}
	}
}

func TestStrangersAreTurnedAway(t *testing.T) {
	t.Parallel()
	home := generate(t, tlsdir.Request{})
	foreign := generate(t, tlsdir.Request{})
	long := func() time.Time { return time.Now().Add(-48 * time.Hour) }
	// A client of our own authority whose certificate ended yesterday.
	late := copyDir(t, home, "ca.pem", "ca.key")
	generate(t, tlsdir.Request{Dir: late, Clock: long, Validity: 24 * time.Hour})

	bare := mustClient(t, home, "localhost")
	bare.Certificates = nil
	old := mustClient(t, home, "localhost")
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	// A server's certificate does not make a client.
	wrongUse := mustClient(t, home, "localhost")
	wrongUse.Certificates = mustServer(t, home).Certificates
	// A client that trusts us, with a certificate of a foreign authority.
	mixed := mustClient(t, foreign, "localhost")
	mixed.RootCAs = mustClient(t, home, "localhost").RootCAs

	for name, client := range map[string]*tls.Config{
		"a certificate of another authority": mixed,
		"no certificate":                     bare,
		"an expired certificate":             mustClient(t, late, "localhost"),
		"TLS 1.2":                            old,
		"a server's certificate":             wrongUse,
	} {
		t.Run("a client with "+name, func(t *testing.T) {
			t.Parallel()
			if s, c := handshake(t, mustServer(t, home), client); s == nil || c == nil {
				t.Fatalf("server: %v, client: %v; both must fail", s, c)
			}
		})
	}
	for name, test := range map[string]struct{ server, client *tls.Config }{
		"of another authority": {mustServer(t, foreign), mustClient(t, home, "localhost")},
		"with another name":    {mustServer(t, home), mustClient(t, home, "elsewhere.example")},
		"that has expired":     {mustServer(t, late), mustClient(t, home, "localhost")},
	} {
		t.Run("a server "+name, func(t *testing.T) {
			t.Parallel()
			if _, c := handshake(t, test.server, test.client); c == nil {
				t.Fatal("the client accepted it")
			}
		})
	}
}

func copyDir(t *testing.T, from string, names ...string) string {
	t.Helper()
	to := t.TempDir()
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func TestGenerateMakesOnlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := tlsdir.Generate(tlsdir.Request{Dir: dir})
	if err != nil || len(first) != 6 {
		t.Fatalf("wrote %v: %v", first, err)
	}
	before, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := tlsdir.Generate(tlsdir.Request{Dir: dir}); err != nil || len(again) != 0 {
		t.Fatalf("the second time it wrote %v: %v", again, err)
	}
	oldServer := mustServer(t, dir)
	for _, name := range []string{"server.pem", "server.key"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	renewed, err := tlsdir.Generate(tlsdir.Request{Dir: dir})
	want := []string{filepath.Join(dir, "server.key"), filepath.Join(dir, "server.pem")}
	if err != nil || !slices.Equal(renewed, want) {
		t.Fatalf("renewal wrote %v: %v, want %v", renewed, err, want)
	}
	if after, _ := os.ReadFile(filepath.Join(dir, "ca.pem")); string(after) != string(before) {
		t.Fatal("the authority changed")
	}
	if slices.Equal(oldServer.Certificates[0].Certificate[0], mustServer(t, dir).Certificates[0].Certificate[0]) {
		t.Fatal("the server's certificate is still the old one")
	}
	if s, c := handshake(t, mustServer(t, dir), mustClient(t, dir, "localhost")); s != nil || c != nil {
		t.Fatalf("after renewal: server: %v, client: %v", s, c)
	}
}

func TestGenerateRefusesHalfAPair(t *testing.T) {
	t.Parallel()
	dir := generate(t, tlsdir.Request{})
	if err := os.Remove(filepath.Join(dir, "ca.key")); err != nil {
		t.Fatal(err)
	}
	if wrote, err := tlsdir.Generate(tlsdir.Request{Dir: dir}); err == nil || len(wrote) != 0 {
		t.Fatalf("wrote %v, error %v", wrote, err)
	}
}

func TestGenerateReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := tlsdir.Generate(tlsdir.Request{Hosts: []string{"a b", "host:1"}, ClientName: "ä", Validity: -1})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"no directory", `"a b"`, `"host:1"`, "client name", "before it begins"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not mention %s", err, want)
		}
	}
}

func TestWhatTheCertificatesSay(t *testing.T) {
	t.Parallel()
	dir := generate(t, tlsdir.Request{ClientName: "mint-1", Validity: 100 * 365 * 24 * time.Hour})
	ca, server, client := parse(t, dir, "ca.pem"), parse(t, dir, "server.pem"), parse(t, dir, "client.pem")
	if !ca.IsCA || !ca.MaxPathLenZero || ca.KeyUsage&x509.KeyUsageCertSign == 0 {
		t.Error("the authority cannot sign, or can make authorities")
	}
	for _, leaf := range []*x509.Certificate{server, client} {
		if leaf.Version != 3 || leaf.IsCA || leaf.PublicKeyAlgorithm != x509.ECDSA {
			t.Errorf("%s: version %d, authority %v, %s", leaf.Subject, leaf.Version, leaf.IsCA, leaf.PublicKeyAlgorithm)
		}
		if leaf.NotAfter.After(ca.NotAfter) {
			t.Errorf("%s outlives its authority", leaf.Subject)
		}
		if string(leaf.AuthorityKeyId) != string(ca.SubjectKeyId) || len(leaf.AuthorityKeyId) == 0 {
			t.Errorf("%s does not name its authority's key", leaf.Subject)
		}
	}
	if !slices.Equal(client.DNSNames, []string{"mint-1"}) {
		t.Errorf("client is named %v", client.DNSNames)
	}
	for _, name := range []string{"ca.key", "server.key", "client.key"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", name, info.Mode(), err)
		}
	}
}

func parse(t *testing.T, dir, name string) *x509.Certificate {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestLoadingSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	t.Run("a missing file", func(t *testing.T) {
		t.Parallel()
		dir := generate(t, tlsdir.Request{})
		if err := os.Remove(filepath.Join(dir, "client.pem")); err != nil {
			t.Fatal(err)
		}
		if _, err := tlsdir.Client(dir, "localhost"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "client.pem") {
			t.Fatal(err)
		}
		if _, err := tlsdir.Server(dir); err != nil {
			t.Fatalf("the server needs no client.pem: %v", err)
		}
	})
	t.Run("a key that everybody can read", func(t *testing.T) {
		t.Parallel()
		dir := generate(t, tlsdir.Request{})
		if err := os.Chmod(filepath.Join(dir, "server.key"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := tlsdir.Server(dir); !errors.Is(err, tlsdir.ErrKeyReadable) || !strings.Contains(err.Error(), "server.key") {
			t.Fatal(err)
		}
	})
	t.Run("an authority that is none", func(t *testing.T) {
		t.Parallel()
		dir := generate(t, tlsdir.Request{})
		if err := os.WriteFile(filepath.Join(dir, "ca.pem"), []byte("nothing"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := tlsdir.Server(dir); err == nil || !strings.Contains(err.Error(), "ca.pem holds no certificate") {
			t.Fatal(err)
		}
	})
	t.Run("a key of another certificate", func(t *testing.T) {
		t.Parallel()
		dir, other := generate(t, tlsdir.Request{}), generate(t, tlsdir.Request{})
		if err := os.Rename(filepath.Join(other, "client.key"), filepath.Join(dir, "client.key")); err != nil {
			t.Fatal(err)
		}
		if _, err := tlsdir.Client(dir, "localhost"); err == nil || strings.Contains(err.Error(), "PRIVATE KEY") {
			t.Fatal(err)
		}
	})
	t.Run("no server name", func(t *testing.T) {
		t.Parallel()
		if _, err := tlsdir.Client(generate(t, tlsdir.Request{}), ""); err == nil {
			t.Fatal("accepted")
		}
	})
}

func TestTheFirstAuthorityToEndIsTold(t *testing.T) {
	t.Parallel()
	now := time.Now()
	early, late := t.TempDir(), t.TempDir()
	generate(t, tlsdir.Request{Dir: early, Clock: func() time.Time { return now.Add(-24 * time.Hour) }})
	generate(t, tlsdir.Request{Dir: late, Clock: func() time.Time { return now }})
	first, err := tlsdir.AuthorityEnds(early)
	if err != nil || !first.After(now) {
		t.Fatalf("%v, %v", first, err)
	}
	// While one authority follows another, both are in the file.
	var both []byte
	for _, dir := range []string{late, early} {
		text, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, text...)
	}
	if err := os.WriteFile(filepath.Join(late, "ca.pem"), both, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := tlsdir.AuthorityEnds(late); err != nil || !got.Equal(first) {
		t.Errorf("the first ends at %v (%v), want %v", got, err, first)
	}
	if _, err := tlsdir.AuthorityEnds(t.TempDir()); err == nil {
		t.Error("there is an authority where there is no file")
	}
}
