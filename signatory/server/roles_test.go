package server

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"mintmark/cashu"
	"mintmark/internal/tlsdir"
	"mintmark/keystore"
	pb "mintmark/proto/signatory"
	"mintmark/signatory"
)

// clientDirectory has the certificate of one more client of the authority in home.
func clientDirectory(t *testing.T, home, name string) string {
	t.Helper()
	dir := directory(t, map[string]string{"ca.pem": home, "ca.key": home})
	return certificates(t, tlsdir.Request{Dir: dir, ClientName: name})
}

func pinOf(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "client.pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return certificateIdentity(c).pin.String()
}

// obliging is a fake that does everything.
func obliging(t *testing.T) *fake {
	ks := newFake(t, keyset(t, 0, 0))
	ks.sign = func(context.Context, []cashu.BlindedMessage) ([]cashu.BlindSignature, error) { return nil, nil }
	ks.verify = func(context.Context, []cashu.Proof) error { return nil }
	ks.rotate = func(context.Context, keystore.RotateParams) (cashu.Keyset, error) { return keyset(t, 7, 0), nil }
	return ks
}

// allowed tells which calls get through, as letters: Sign, Verify, Keysets,
// sUbscribe, Rotate, Health.
func allowed(t *testing.T, conn *grpc.ClientConn) string {
	t.Helper()
	c, ctx := pb.NewSignatoryClient(conn), versioned(t.Context(), "2")
	out := ""
	try := func(letter string, err error) {
		switch status.Code(err) {
		case codes.OK:
			out += letter
		case codes.PermissionDenied:
		default:
			out += "[" + letter + ": " + err.Error() + "]"
		}
	}
	_, err := c.BlindSign(ctx, oneMessage(t))
	try("S", err)
	_, err = c.VerifyProofs(ctx, oneProof(t))
	try("V", err)
	_, err = c.Keysets(ctx, &pb.EmptyRequest{})
	try("K", err)
	short, cancel := context.WithCancel(ctx)
	stream, err := c.SubscribeKeysets(short, &pb.EmptyRequest{})
	if err == nil {
		_, err = stream.Recv()
	}
	cancel()
	try("U", err)
	_, err = c.RotateKeyset(ctx, rotationCall())
	try("R", err)
	_, err = healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{})
	try("H", err)
	return out
}

func TestRolesOverMutualTLS(t *testing.T) {
	t.Parallel()
	home := certificates(t, tlsdir.Request{ClientName: "nobody"})
	mint, rotator, monitor, both := clientDirectory(t, home, "mint.example"), clientDirectory(t, home, "rotator.example"),
		clientDirectory(t, home, "monitor.example"), clientDirectory(t, home, "both.example")
	text := fmt.Sprintf(`
[[client]]
name = "m"
roles = ["mint"]
spki = [%q]
[[client]]
name = "r"
roles = ["rotator"]
san = ["dns:rotator.example"]
[[client]]
name = "watch"
roles = ["monitor"]
san = ["dns:monitor.example"]
[[client]]
name = "both"
roles = ["mint", "rotator"]
san = ["dns:both.example"]
[[client]]
name = "root"
roles = ["admin"]
san = ["dns:nobody"]
uid = [0]
`, pinOf(t, mint))
	r := serve(t, Config{Keystore: obliging(t), Listen: "127.0.0.1:0", TLSDir: home, Clients: mustParse(t, text)})
	for dir, want := range map[string]string{mint: "SVKUH", rotator: "KURH", monitor: "KUH", both: "SVKURH"} {
		tlsConfig, err := tlsdir.Client(dir, "127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		conn, err := grpc.NewClient("passthrough:///"+r.addr.String(), grpc.WithTransportCredentials(credentials.NewTLS(tlsConfig)))
		if err != nil {
			t.Fatal(err)
		}
		if got := allowed(t, conn); got != want {
			t.Errorf("%s may %s, want %s", pinOf(t, dir), got, want)
		}
		_ = conn.Close()
	}
	if !strings.Contains(r.logs.String(), "peer=watch") {
		t.Errorf("the log does not name the client:\n%s", r.logs)
	}

	// A certificate of the authority that is in no client, and one of a client
	// that has no business on this address: neither sees a byte of HTTP/2.
	for name, dir := range map[string]string{"an admin": home, "a stranger": clientDirectory(t, home, "stranger.example")} {
		stranger, err := tlsdir.Client(dir, "127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		stranger.NextProtos = []string{"h2"}
		if err := firstByte(t, r.addr.String(), stranger); err == nil {
			t.Errorf("%s: the server spoke", name)
		}
	}
	for _, want := range []string{"nobody in the clients file is this: dns:stranger.example sha256:", "the client root has no role for this address"} {
		if !strings.Contains(r.logs.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, r.logs)
		}
	}
}

func TestRolesOverAUnixSocket(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ rows, want string }{
		"our user, a mint":                  {fmt.Sprintf("roles = [\"mint\"]\nuid = [%d]", os.Geteuid()), "SVKUH"},
		"our user, a mint that may rotate":  {fmt.Sprintf("roles = [\"mint\"]\nrotate = \"allow\"\nuid = [%d]", os.Geteuid()), "SVKURH"},
		"our user, a rotator":               {fmt.Sprintf("roles = [\"rotator\"]\nuid = [%d]", os.Geteuid()), "KURH"},
		"our group, a monitor":              {fmt.Sprintf("roles = [\"monitor\"]\ngid = [%d]", os.Getegid()), "KUH"},
		"another user":                      {fmt.Sprintf("roles = [\"mint\"]\nuid = [%d]", os.Geteuid()+1), ""},
		"our user, with business elsewhere": {fmt.Sprintf("roles = [\"admin\"]\nuid = [%d]", os.Geteuid()), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := socketPath(t)
			r := serve(t, Config{Keystore: obliging(t), Listen: "unix:" + path, Clients: mustParse(t, "[[client]]\nname = \"c\"\n"+test.rows+"\n")})
			conn, err := grpc.NewClient("passthrough:///unix:"+path, grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err == nil && test.want == "" {
				_ = conn.Close()
				_, err := dial(t, signatory.ClientConfig{Address: "unix:" + path, Deadline: time.Second}).Keysets(t.Context())
				if !errors.Is(err, signatory.ErrUnavailable) || !strings.Contains(r.logs.String(), "connection refused") {
					t.Errorf("%v\n%s", err, r.logs)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if got := allowed(t, conn); got != test.want {
				t.Errorf("it may %s, want %s", got, test.want)
			}
		})
	}
}

func TestWithoutAClientsFileTheLogSaysSo(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	r := serve(t, Config{Keystore: obliging(t), Listen: "unix:" + path})
	if !strings.Contains(r.logs.String(), "level=WARN msg=\"there is no clients file: whoever may open the unix socket may sign and rotate") {
		t.Errorf("%s", r.logs)
	}
	conn, err := grpc.NewClient("passthrough:///unix:"+path, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := allowed(t, conn); got != "SVKURH" {
		t.Errorf("one may %s", got)
	}
}

func TestWhereNobodyCanBeRecognisedThereAreNoRoles(t *testing.T) {
	t.Parallel()
	clients := mustParse(t, "[[client]]\nname = \"c\"\nroles = [\"mint\"]\nuid = [0]\n")
	if _, err := New(Config{Keystore: newFake(t), Listen: "localhost:0", Insecure: true, Clients: clients}); err == nil ||
		!strings.Contains(err.Error(), "nobody can be recognised") {
		t.Error(err)
	}
}

func TestWhatAMintMayRotate(t *testing.T) {
	t.Parallel()
	for rotate, want := range map[string]struct{ same, other string }{
		"deny":  {"option", "option"},
		"same":  {"kept", "option"},
		"allow": {"rotated", "rotated"},
	} {
		t.Run(rotate, func(t *testing.T) {
			t.Parallel()
			ks := obliging(t)
			active := keyset(t, 100, 2059210353)
			inactive := keyset(t, 200, 0)
			inactive.Active = false
			ks.publish(inactive, active)
			path := socketPath(t)
			serve(t, Config{Keystore: ks, Listen: "unix:" + path, Clients: mustParse(t,
				fmt.Sprintf("[[client]]\nname = \"cdk\"\nroles = [\"mint\"]\nrotate = %q\nuid = [%d]\n", rotate, os.Geteuid()))})
			conn, err := grpc.NewClient("passthrough:///unix:"+path, grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			ask := func(fee, expiry uint64, amounts ...uint64) string {
				in := rotationCall()
				in.InputFeePpk, in.FinalExpiry, in.Amounts = fee, &expiry, amounts
				got, err := pb.NewSignatoryClient(conn).RotateKeyset(versioned(t.Context(), "2"), in)
				switch {
				case status.Code(err) == codes.PermissionDenied && strings.Contains(err.Error(), `rotate = "same"`):
					return "option"
				case err != nil:
					return err.Error()
				case got.GetKeyset().GetInputFeePpk() == 7:
					return "rotated"
				case string(got.GetKeyset().GetId()) == string(active.ID.Bytes()):
					return "kept"
				}
				return fmt.Sprint(got)
			}
			for name, same := range map[string]string{
				"with amounts":    ask(100, 2059210353, 8),
				"without amounts": ask(100, 2059210353),
			} {
				if same != want.same {
					t.Errorf("the same %s: %s", name, same)
				}
			}
			for name, other := range map[string]string{
				"fee":                  ask(101, 2059210353, 8),
				"expiry":               ask(100, 0, 8),
				"amounts":              ask(100, 2059210353, 8, 16),
				"of a retired keyset":  ask(200, 0, 8),
				"less than the amount": ask(100, 2059210353, 4),
			} {
				if other != want.other {
					t.Errorf("another %s: %s", name, other)
				}
			}
		})
	}
}
