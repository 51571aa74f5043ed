package server

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mintmark/internal/tlsdir"
	"mintmark/signatory"
)

func certificates(t *testing.T, r tlsdir.Request) string {
	t.Helper()
	if r.Dir == "" {
		r.Dir = t.TempDir()
	}
	if _, err := tlsdir.Generate(r); err != nil {
		t.Fatal(err)
	}
	return r.Dir
}

// directory puts a TLS directory together from files of others.
func directory(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, from := range files {
		data, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestMutualTLS(t *testing.T) {
	t.Parallel()
	home := certificates(t, tlsdir.Request{ClientName: "mint-7"})
	r := serve(t, Config{Keystore: newFake(t, keyset(t, 0, 0)), Listen: "127.0.0.1:0", TLSDir: home})
	address := r.addr.String()

	got, err := dial(t, signatory.ClientConfig{Address: address, TLSDir: home}).Keysets(t.Context())
	if err != nil || len(got.Keysets) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if !strings.Contains(r.logs.String(), "peer=mint-7") {
		t.Errorf("the log does not name the client:\n%s", r.logs)
	}

	foreign := certificates(t, tlsdir.Request{})
	late := directory(t, map[string]string{"ca.pem": home, "ca.key": home})
	certificates(t, tlsdir.Request{
		Dir: late, Validity: time.Hour, Clock: func() time.Time { return time.Now().Add(-48 * time.Hour) },
	})
	for name, cfg := range map[string]signatory.ClientConfig{
		"a certificate of another authority": {TLSDir: directory(t, map[string]string{"ca.pem": home, "client.pem": foreign, "client.key": foreign})},
		"an expired certificate":             {TLSDir: late},
		"trust in another authority":         {TLSDir: foreign},
		"another name for the server":        {TLSDir: home, ServerName: "elsewhere.example"},
		"no TLS":                             {Insecure: true},
	} {
		cfg.Address, cfg.Deadline = address, 3*time.Second
		if _, err := dial(t, cfg).Keysets(t.Context()); !errors.Is(err, signatory.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, want := range []string{"connection refused", "unknown authority", "expired"} {
		if !strings.Contains(r.logs.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, r.logs)
		}
	}

	mutual, err := tlsdir.Client(home, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	bare := mutual.Clone()
	bare.Certificates = nil
	old := mutual.Clone()
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	for name, client := range map[string]*tls.Config{"no certificate": bare, "TLS 1.2": old} {
		client.NextProtos = []string{"h2"}
		if err := firstByte(t, address, client); err == nil {
			t.Errorf("%s: the server spoke", name)
		}
	}
	mutual.NextProtos = []string{"h2"}
	if err := firstByte(t, address, mutual); err != nil {
		t.Errorf("and yet: %v", err)
	}
}

// firstByte tells whether the server says anything after the handshake; HTTP/2
// servers do, at once.
func firstByte(t *testing.T, address string, client *tls.Config) error {
	t.Helper()
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", address, client)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	_, err = conn.Read(make([]byte, 1))
	return err
}

func TestInsecureIsForThisMachine(t *testing.T) {
	t.Parallel()
	r := serve(t, Config{Keystore: newFake(t), Listen: "localhost:0", Insecure: true})
	address := "localhost:" + strings.Split(r.addr.String(), ":")[strings.Count(r.addr.String(), ":")]
	if _, err := dial(t, signatory.ClientConfig{Address: address, Insecure: true}).Keysets(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	t.Parallel()
	ks := newFake(t)
	for name, test := range map[string]struct {
		cfg  Config
		want []string
	}{
		"TCP without TLS":           {Config{Keystore: ks, Listen: "127.0.0.1:0"}, []string{"needs a TLS directory"}},
		"insecure on all addresses": {Config{Keystore: ks, Listen: ":0", Insecure: true}, []string{"this machine only"}},
		"insecure on an address of the network": {
			Config{Keystore: ks, Listen: "192.0.2.1:0", Insecure: true},
			[]string{"this machine only"},
		},
		"insecure and TLS":              {Config{Keystore: ks, Listen: "127.0.0.1:0", Insecure: true, TLSDir: "x"}, []string{"exclude"}},
		"TLS on a unix socket":          {Config{Keystore: ks, Listen: "unix:/x", TLSDir: "x"}, []string{"leave out"}},
		"an abstract socket":            {Config{Keystore: ks, Listen: "unix:@x"}, []string{"abstract"}},
		"a socket for everybody":        {Config{Keystore: ks, Listen: "unix:/x", SocketMode: 0o666}, []string{"lets everybody in"}},
		"certificates that are not":     {Config{Keystore: ks, Listen: "127.0.0.1:0", TLSDir: t.TempDir()}, []string{"ca.pem"}},
		"an admin socket over TCP":      {Config{Keystore: ks, Listen: "unix:/x", AdminListen: "127.0.0.1:0"}, []string{"the admin socket must be unix:PATH", "needs records"}},
		"an admin socket for everybody": {Config{Keystore: ks, Listen: "unix:/x", AdminMode: 0o606}, []string{"of the admin socket lets everybody in"}},
		"everything wrong at once": {
			Config{DrainTimeout: -1, SocketMode: 0o777},
			[]string{"no keystore", "everybody", "negative", "neither unix:PATH nor HOST:PORT"},
		},
	} {
		_, err := New(test.cfg)
		if err == nil {
			t.Errorf("accepted: %s", name)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", name, err, want)
			}
		}
	}
}

func TestAPortThatIsTakenIsAnError(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	s, err := New(Config{Keystore: newFake(t), Listen: ln.Addr().String(), Insecure: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := s.Serve(ctx); err == nil || ctx.Err() != nil {
		t.Fatalf("%v", err)
	}
}
