package secrets

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/tyler-smith/go-bip39"

	"mintmark/cashu"
)

const words = "half depart obvious quality work element tank gorilla view sugar picture humble"

func source(t testing.TB) *Source {
	t.Helper()
	s, err := New(bip39.NewSeed(words, ""))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The vectors of NUT-13, both versions.
func TestPublishedSecrets(t *testing.T) {
	for id, rows := range map[string][][2]string{
		"009a1f293253e41e": {
			{"485875df74771877439ac06339e284c3acfcd9be7abf3bc20b516faeadfe77ae", "ad00d431add9c673e843d4c2bf9a778a5f402b985b8da2d5550bf39cda41d679"},
			{"8f2b39e8e594a4056eb1e6dbb4b0c38ef13b1b2c751f64f810ec04ee35b77270", "967d5232515e10b81ff226ecf5a9e2e2aff92d66ebc3edf0987eb56357fd6248"},
			{"bc628c79accd2364fd31511216a0fab62afd4a18ff77a20deded7b858c9860c8", "b20f47bb6ae083659f3aa986bfa0435c55c6d93f687d51a01f26862d9b9a4899"},
			{"59284fd1650ea9fa17db2b3acf59ecd0f2d52ec3261dd4152785813ff27a33bf", "fb5fca398eb0b1deb955a2988b5ac77d32956155f1c002a373535211a2dfdc29"},
			{"576c23393a8b31cc8da6688d9c9a96394ec74b40fdaf1f693a6bb84284334ea0", "5f09bfbfe27c439a597719321e061e2e40aad4a36768bb2bcc3de547c9644bf9"},
		},
		"015ba18a8adcd02e715a58358eb618da4a4b3791151a4bee5e968bb88406ccf76a": {
			{"db5561a07a6e6490f8dadeef5be4e92f7cebaecf2f245356b5b2a4ec40687298", "6d26181a3695e32e9f88b80f039ba1ae2ab5a200ad4ce9dbc72c6d3769f2b035"},
			{"b70e7b10683da3bf1cdf0411206f8180c463faa16014663f39f2529b2fda922e", "bde4354cee75545bea1a2eee035a34f2d524cee2bb01613823636e998386952e"},
			{"78a7ac32ccecc6b83311c6081b89d84bb4128f5a0d0c5e1af081f301c7a513f5", "f40cc1218f085b395c8e1e5aaa25dccc851be3c6c7526a0f4e57108f12d6dac4"},
			{"094a2b6c63bfa7970bc09cda0e1cfc9cd3d7c619b8e98fabcfc60aea9e4963e5", "099ed70fc2f7ac769bc20b2a75cb662e80779827b7cc358981318643030577d0"},
			{"5e89fc5d30d0bf307ddf0a3ac34aa7a8ee3702169dafa3d3fe1d0cae70ecd5ef", "5550337312d223ba62e3f75cfe2ab70477b046d98e3e71804eade3956c7b98cf"},
		},
	} {
		keyset, err := cashu.ParseKeysetID(id)
		if err != nil {
			t.Fatal(err)
		}
		for counter, want := range rows {
			secret, r, err := source(t).Secret(keyset, uint32(counter))
			if err != nil {
				t.Fatal(err)
			}
			raw := r.Bytes()
			if secret != want[0] || hex.EncodeToString(raw[:]) != want[1] {
				t.Errorf("%s: counter %d gives another pair", id, counter)
			}
		}
	}
}

func TestACounterBeyondTheLastIsRefused(t *testing.T) {
	id, err := cashu.ParseKeysetID("009a1f293253e41e")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := source(t).Secret(id, MaxCounter); err != nil {
		t.Error(err)
	}
	if _, _, err := source(t).Secret(id, MaxCounter+1); err == nil {
		t.Error("there is one more")
	}
	if _, _, err := source(t).Secret(cashu.KeysetID{}, 0); err == nil {
		t.Error("there is a secret without a keyset")
	}
	if _, err := New(nil); err == nil {
		t.Error("there are secrets without a seed")
	}
}

func TestReductionIsModuloTheOrder(t *testing.T) {
	n := new(big.Int).SetBytes(order[:])
	for _, add := range []int64{-1, 1, 2, 1 << 40} {
		digest := new(big.Int).Add(n, big.NewInt(add)).FillBytes(make([]byte, 32))
		r, err := reduced(digest)
		if err != nil {
			t.Fatal(err)
		}
		want := new(big.Int).Mod(new(big.Int).SetBytes(digest), n)
		if got := r.Bytes(); new(big.Int).SetBytes(got[:]).Cmp(want) != 0 {
			t.Errorf("the order and %d: another number", add)
		}
	}
	if _, err := reduced(order[:]); err == nil {
		t.Error("zero is a blinding factor")
	}
	if _, err := reduced(make([]byte, 32)); err == nil {
		t.Error("zero is a blinding factor")
	}
}

func TestKeysOfPurposesDiffer(t *testing.T) {
	s, seen := source(t), map[string]bool{}
	for _, p := range []Purpose{PurposeP2PK, PurposeQuote} {
		for i := range uint32(3) {
			k, err := s.Key(p, i)
			if err != nil {
				t.Fatal(err)
			}
			seen[k.Public().String()] = true
		}
	}
	if len(seen) != 6 {
		t.Errorf("%d different keys, want 6", len(seen))
	}
}

func TestWhatIsSealedOpensWithTheSeedAndForItsPurposeOnly(t *testing.T) {
	s := source(t)
	text := []byte("a token")
	sealed, err := s.Seal("login", text)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.Seal("login", text); err != nil || bytes.Equal(again, sealed) || bytes.Contains(sealed, text) {
		t.Errorf("sealed twice it is the same, or readable: %v", err)
	}
	if got, err := source(t).Open("login", sealed); err != nil || !bytes.Equal(got, text) {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := s.Open("other", sealed); err == nil {
		t.Error("it opens for another purpose")
	}
	other, err := New(bip39.NewSeed("abandon", ""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Open("login", sealed); err == nil {
		t.Error("it opens with another seed")
	}
	for i := range sealed {
		damaged := bytes.Clone(sealed)
		damaged[i] ^= 1
		if _, err := s.Open("login", damaged); err == nil {
			t.Fatalf("it opens with byte %d changed", i)
		}
	}
	if _, err := s.Open("login", nil); err == nil {
		t.Error("nothing opens")
	}
}

func TestASourcePrintsNoSecret(t *testing.T) {
	seed := bip39.NewSeed(words, "")
	s := source(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		text := fmt.Sprintf(verb, s) + fmt.Sprintf(verb, *s) + fmt.Sprintf(verb, struct{ s *Source }{s}) + fmt.Sprintf(verb, struct{ s Source }{*s})
		if strings.Contains(text, hex.EncodeToString(seed[:8])) || strings.Contains(text, fmt.Sprint(seed[0], seed[1], seed[2])) {
			t.Errorf("%s prints the seed", verb)
		}
	}
}
