package seedfile

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
)

// newIdentity is the content of an identity file, as age-keygen writes it.
func newIdentity(t *testing.T) []byte {
	t.Helper()
	i, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return []byte("# created: today\n# public key: " + i.Recipient().String() + "\n" + i.String() + "\n")
}

func quickSeal(phrase string) Seal { return Seal{Passphrase: []byte(phrase), work: quickWork} }

func TestEverySealCanBeChangedIntoEveryOther(t *testing.T) {
	t.Parallel()
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	seals := map[string]Seal{
		"plain": {}, "a passphrase": quickSeal("open sesame"), "another passphrase": quickSeal("x"),
		"an identity": {Identity: newIdentity(t)}, "another identity": {Identity: newIdentity(t)},
		"a post-quantum identity": {Identity: []byte(hybrid.String())},
	}
	for from, a := range seals {
		for to, b := range seals {
			path := filepath.Join(t.TempDir(), "seed")
			if err := Write(path, testWords, Seal{}); err != nil {
				t.Fatal(err)
			}
			if err := Rewrap(path, Opener{}, a); err != nil {
				t.Fatalf("plain to %s: %v", from, err)
			}
			if err := Rewrap(path, a.opener(), b); err != nil {
				t.Fatalf("%s to %s: %v", from, to, err)
			}
			seed, err := Open(path, b.opener())
			if err != nil {
				t.Fatalf("%s to %s: %v", from, to, err)
			}
			assertSameSeed(t, seed, testWords)
			assertMode0600(t, path)
			assertOnlySeed(t, path)
			content, err := os.ReadFile(path)
			if err != nil || (to != "plain") == bytes.Contains(content, []byte("legal")) {
				t.Errorf("%s to %s: is the file sealed? %v", from, to, err)
			}
			if from != to && from != "plain" && to != "plain" {
				if _, err := Open(path, a.opener()); err == nil {
					t.Errorf("%s to %s: the old seal still opens it", from, to)
				}
			}
		}
	}
}

func assertOnlySeed(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 || entries[0].Name() != filepath.Base(path) {
		t.Errorf("the directory holds %v, %v", entries, err)
	}
}

func TestAFailedRewrapLeavesTheOldFile(t *testing.T) {
	t.Parallel()
	identity := newIdentity(t)
	for name, c := range map[string]struct {
		open Opener
		seal Seal
		want error
	}{
		"wrong passphrase":        {quickSeal("wrong").opener(), Seal{}, ErrWrongSeal},
		"no passphrase":           {Opener{}, Seal{}, ErrNoPassphrase},
		"an identity only":        {Seal{Identity: identity}.opener(), Seal{}, ErrNoPassphrase},
		"new passphrase is empty": {quickSeal("old").opener(), Seal{Passphrase: []byte{}}, nil},
		"two new seals":           {quickSeal("old").opener(), Seal{Passphrase: []byte("x"), Identity: identity}, nil},
		"new identity is none":    {quickSeal("old").opener(), Seal{Identity: []byte("AGE-SECRET-KEY-1QQ")}, nil},
		"new identity is empty":   {quickSeal("old").opener(), Seal{Identity: []byte{}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "seed")
			if err := Write(path, testWords, Seal{Passphrase: []byte("old"), work: quickWork}); err != nil {
				t.Fatal(err)
			}
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := Rewrap(path, c.open, c.seal); err == nil || (c.want != nil && !errors.Is(err, c.want)) {
				t.Errorf("Rewrap = %v, want %v", err, c.want)
			} else if strings.Contains(err.Error(), "QQ") {
				t.Errorf("the error repeats a secret: %v", err)
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the old file changed, %v", err)
			}
			assertOnlySeed(t, path)
		})
	}
}

func TestANewSealThatHoldsAnotherSeedIsNoProof(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "seed")
	if err := Write(path, testWords, Seal{}); err != nil {
		t.Fatal(err)
	}
	other, err := FromHex(strings.Repeat("02", 32))
	if err != nil {
		t.Fatal(err)
	}
	if err := prove(path, Seal{}, other); err == nil {
		t.Error("another seed was taken for the same")
	}
	if err := prove(path, quickSeal("x"), other); err == nil {
		t.Error("a file that is not sealed that way was taken")
	}
}

func TestTheLeftoverOfAKilledRewrapIsInNobodysWay(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "seed")
	if err := Write(path, testWords, Seal{Passphrase: []byte("old"), work: quickWork}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", []byte("half a fi"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Rewrap(path, quickSeal("old").opener(), quickSeal("new")); err != nil {
		t.Fatal(err)
	}
	assertOnlySeed(t, path)
}

func TestASecondRewrapAtTheSameTimeIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "seed")
	if err := Write(path, testWords, Seal{}); err != nil {
		t.Fatal(err)
	}
	unlock, err := lock(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Rewrap(path, Opener{}, quickSeal("x")); err == nil {
		t.Error("it was not refused")
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	if err := Rewrap(path, Opener{}, quickSeal("x")); err != nil {
		t.Error(err)
	}
}

func TestASeedForAnIdentityOpensWithThatIdentityOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "seed")
	if err := Write(path, testWords, Seal{}); err != nil {
		t.Fatal(err)
	}
	right := Seal{Identity: newIdentity(t)}
	if err := Rewrap(path, Opener{}, right); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		open Opener
		want error
	}{
		"another identity":         {Seal{Identity: newIdentity(t)}.opener(), ErrWrongIdentity},
		"only a passphrase":        {quickSeal("x").opener(), ErrNoIdentity},
		"nothing":                  {Opener{}, ErrNoIdentity},
		"something else":           {Seal{Identity: []byte("open sesame")}.opener(), ErrNoIdentity},
		"an identity that is away": {Opener{Identity: func() ([]byte, error) { return nil, os.ErrNotExist }}, os.ErrNotExist},
	} {
		if _, err := Open(path, c.open); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}
