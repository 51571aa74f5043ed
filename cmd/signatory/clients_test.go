package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mintmark/internal/commandline"
	"mintmark/signatory/server"
)

func TestTheExampleClientsFileIsInOrder(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "deploy", "signatory-clients.example.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := server.ParseClients(path, text)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"mint\n  roles    mint\n", "san dns:mint.example", "uid 1001",
		"budget   sat: an hour value 100000000 in 2000000 signatures, a day value",
		"change   sat: until 336h0m0s after a keyset was retired, value 1000000 in 10000 signatures of each",
		"may call BlindSign, Keysets, SubscribeKeysets, VerifyProofs, health\n",
	} {
		if !strings.Contains(c.Describe(), want) {
			t.Errorf("it does not say %q:\n%s", want, c.Describe())
		}
	}
}

func TestTheExampleRotationFileIsInOrder(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "deploy", "signatory-rotation.example.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := server.ParseRotation(path, text)
	const want = "sat rotates after 90d or after 50000000 signatures or 30d before the final expiry; up to 3d earlier, " +
		"announced 2d before, good for 730d, at least 7d apart, at most 3 in 30 days\n"
	if err != nil || p.Describe() != want {
		t.Errorf("%v, %q", err, p.Describe())
	}
}

func clientsFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clients.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCheckConfig(t *testing.T) {
	t.Parallel()
	good := clientsFile(t, fmt.Sprintf("[[client]]\nname = \"m\"\nroles = [\"mint\"]\nrotate = \"same\"\nuid = [%d]\n", os.Geteuid()))
	if got := testProgram().execute(t.Context(), "check-config", "--clients", good); got.code != commandline.ExitOK || !strings.Contains(got.stdout, "is in order") {
		t.Errorf("%+v", got)
	}
	got := testProgram().execute(t.Context(), "check-config", "--clients", good, "--show")
	if got.code != commandline.ExitOK || !strings.Contains(got.stdout, "RotateKeyset (same)") {
		t.Errorf("%+v", got)
	}
	bad := clientsFile(t, "[[client]]\nname = \"m\"\nroles = [\"mint\"]\ncn = \"mint\"\n")
	for _, line := range [][]string{{"check-config"}, {"serve", "--data", t.TempDir()}} {
		got = testProgram().execute(t.Context(), append(line, "--clients", bad)...)
		if got.code != commandline.ExitFailure || !strings.Contains(got.stderr, "clients.toml:4: unknown key client.cn") {
			t.Errorf("%s: %+v", line[0], got)
		}
	}
}
