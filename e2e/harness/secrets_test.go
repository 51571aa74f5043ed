package harness

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A search that finds nothing must be one that could find something.
func TestSecretsAreFoundWhereTheyShow(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "seed")
	words := "abandon ability able about above absent absorb abstract absurd abuse access accident\n"
	if err := os.WriteFile(file, []byte(words), 0o600); err != nil {
		t.Fatal(err)
	}
	s := new(Secrets)
	if err := s.HideSeed(file); err != nil {
		t.Fatal(err)
	}
	key := strings.Repeat("a1", 32)
	s.Hide("00ff00ff00ff", key)
	tests := []struct {
		name, text string
		shown      bool
	}{
		{"nothing", "level=INFO msg=ready", false},
		{"words of the list that are no part of the seed", "about ability absent", false},
		{"three words of the seed in a row", `msg="seed: absent absorb abstract"`, true},
		{"a secret in capitals", "secret=00FF00FF00FF", true},
		{"a key among other hex digits", "key=00" + strings.ToUpper(key) + "ff", true},
		{"most of a key", "key=" + key[:63], false},
	}
	for _, tt := range tests {
		if got := s.Find(tt.text) != ""; got != tt.shown {
			t.Errorf("%s: found %v, want %v", tt.name, got, tt.shown)
		}
	}
}

func TestInsidesAreRecognised(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"UNIQUE constraint failed: proofs.y", "SELECT a FROM b", "rpc error: code = Unavailable", "open /tmp/x: no space", "mint.go:12",
	} {
		if !insides.MatchString(text) {
			t.Errorf("%q passes as an answer for wallets", text)
		}
	}
	if text := "proofs already spent"; insides.MatchString(text) {
		t.Errorf("%q counts as an inside", text)
	}
}

func TestWhatIsUnfitForALogIsRecognised(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`cause="near SELECT state FROM proofs WHERE"`, "insert into proofs", "goroutine 17 [running]:", "panic: nil map", "postgres://mint:pass@127.0.0.1/x",
	} {
		if !unfit.MatchString(text) {
			t.Errorf("%q passes in a log", text)
		}
	}
	for _, text := range []string{"statement=proofs.add code=13 cause=\"database or disk is full\"", "at postgres://127.0.0.1:5432/mint"} {
		if unfit.MatchString(text) {
			t.Errorf("%q counts as unfit for a log", text)
		}
	}
}
