package seedfile

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// The published vectors of BIP39 have the passphrase "TREZOR"; ours is empty, so
// this is the first of them with the seed that every wallet gives without one.
func TestAMnemonicGivesTheSeedOfBIP39WithoutPassphrase(t *testing.T) {
	t.Parallel()
	const words = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"
	const want = "5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc1" +
		"9a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4"
	for _, text := range []string{words, "  " + strings.ToUpper(words), strings.ReplaceAll(words, " ", "\r\n")} {
		seed, err := FromText(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(seed.Bytes()); got != want {
			t.Errorf("%q: seed %s, want %s", text, got, want)
		}
	}
}

func TestANewMnemonicHas24WordsThatGiveTheSameSeedAgain(t *testing.T) {
	t.Parallel()
	words, seed, err := NewMnemonic(nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(strings.Fields(words)); n != 24 {
		t.Errorf("%d words, want 24", n)
	}
	again, err := FromText(words)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(seed.Bytes(), again.Bytes()) {
		t.Error("the words give another seed")
	}
	other, _, err := NewMnemonic(nil)
	if err != nil {
		t.Fatal(err)
	}
	if other == words {
		t.Error("two new mnemonics are equal")
	}
}

// The BIP39 vector of 32 zero bytes: our words are those of the standard.
func TestTheWordsOfZeroEntropyAreThoseOfBIP39(t *testing.T) {
	t.Parallel()
	words, _, err := NewMnemonic(bytes.NewReader(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Repeat("abandon ", 23) + "art"; words != want {
		t.Errorf("words are %q", words)
	}
}

func TestShortRandomnessMakesNoSeed(t *testing.T) {
	t.Parallel()
	if _, seed, err := NewMnemonic(bytes.NewReader(make([]byte, 31))); err == nil || !seed.IsZero() {
		t.Errorf("a seed was made from 31 bytes: %v", err)
	}
}

func TestWhatIsNotASeedIsRefusedAndNeverRepeated(t *testing.T) {
	t.Parallel()
	valid := strings.Repeat("abandon ", 11) + "about"
	for name, text := range map[string]string{
		"nothing":                "",
		"only white space":       " \n\t ",
		"a word of another list": strings.Repeat("abandon ", 11) + "hunter2",
		"a wrong checksum":       strings.Repeat("abandon ", 12),
		"eleven words":           strings.Repeat("abandon ", 11),
		"words out of order":     "about " + strings.Repeat("abandon ", 11),
		"two mnemonics":          valid + " " + valid,
		"fifteen bytes":          strings.Repeat("ab", 15),
		"sixty-five bytes":       strings.Repeat("ab", 65),
		"half a byte":            strings.Repeat("ab", 16) + "a",
		"not hexadecimal":        "zz" + strings.Repeat("ab", 16),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed, err := FromText(text)
			if !errors.Is(err, ErrText) || !seed.IsZero() {
				t.Fatalf("FromText = %v, want ErrText", err)
			}
			for _, word := range []string{"abandon", "about", "hunter2", "abab", "zz"} {
				if strings.Contains(err.Error(), word) {
					t.Errorf("the error repeats %q: %v", word, err)
				}
			}
		})
	}
}

func TestASeedNeverShows(t *testing.T) {
	t.Parallel()
	seed, err := FromHex("00112233445566778899aabbccddeeff")
	if err != nil {
		t.Fatal(err)
	}
	type holder struct {
		inner Seed // unexported: fmt calls no method here
		Outer Seed
	}
	h := holder{seed, seed}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p"} {
		fmt.Fprintf(&out, verb+" "+verb+" "+verb+"\n", seed, h, &h)
	}
	if err := json.NewEncoder(&out).Encode(h); err != nil {
		t.Fatal(err)
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "seed", seed, "holder", h)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "seed", seed, "holder", h)
	for _, leak := range []string{"112233", "17 34 51", "0x11, 0x22", "ESIz"} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("the output shows %q:\n%s", leak, out.String())
		}
	}
	if !strings.Contains(out.String(), redacted) {
		t.Errorf("no %s in:\n%s", redacted, out.String())
	}
}

func TestWipeClearsEveryCopy(t *testing.T) {
	t.Parallel()
	seed, err := FromHex(strings.Repeat("ab", 32))
	if err != nil {
		t.Fatal(err)
	}
	raw, dup := seed.Bytes(), seed
	seed.Wipe()
	seed.Wipe() // twice is fine
	Seed{}.Wipe()
	if !dup.IsZero() || !bytes.Equal(raw, make([]byte, 32)) {
		t.Error("the seed is still there")
	}
}

func FuzzSeedFromText(f *testing.F) {
	f.Add(strings.Repeat("abandon ", 11) + "about")
	f.Add("000102030405060708090a0b0c0d0e0f")
	f.Add("\xff\x00 \u2003abandon")
	f.Fuzz(func(t *testing.T, text string) {
		seed, err := FromText(text)
		if (err == nil) == seed.IsZero() {
			t.Fatalf("error %v and seed %v do not fit", err, seed.IsZero())
		}
		if err != nil && !errors.Is(err, ErrText) {
			t.Fatalf("unexpected error %v", err)
		}
	})
}
