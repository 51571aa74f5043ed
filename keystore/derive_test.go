package keystore

import (
	"encoding/hex"
	"testing"

	"github.com/btcsuite/btcd/btcutil/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg"

	"mintmark/cashu"
	"mintmark/internal/bip32"
	"mintmark/internal/seedfile"
)

// nuts#250 publishes two keysets of version 1 of a seed that is 31 zero bytes
// and a one.
func TestTheKeysetsOfNuts250(t *testing.T) {
	t.Parallel()
	root := mustPath(t, nuts250Seed, purpose)
	for _, c := range []struct {
		unit    cashu.Unit
		amounts []cashu.Amount
		id      string
	}{
		{"sat", powersOfTwo(64), "00b5a0580f75cc2f"},
		{"auth", powersOfTwo(1), "00e1cf6079abb988"},
	} {
		t.Run(string(c.unit), func(t *testing.T) {
			t.Parallel()
			k, err := derive(root, row{
				unit: c.unit, unitIndex: c.unit.DerivationIndex(), index: 1, version: cashu.V1, amounts: c.amounts,
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := k.public.ID.String(); got != c.id {
				t.Errorf("keyset id %s, want %s", got, c.id)
			}
			if len(k.keys) != len(c.amounts) || k.public.Keys.Len() != len(c.amounts) {
				t.Errorf("%d private and %d public keys, want %d", len(k.keys), k.public.Keys.Len(), len(c.amounts))
			}
			for amount, key := range k.keys {
				if public, ok := k.public.Keys.Get(amount); !ok || public != key.Public() {
					t.Errorf("the keys of amount %d are not a pair", amount)
				}
			}
		})
	}
}

func TestUnitIndexesAreThoseOfTheEcosystem(t *testing.T) {
	t.Parallel()
	for unit, want := range map[cashu.Unit]uint32{
		"sat": 1967237907, "msat": 142929756, "usd": 577560378, "eur": 1473545324, "auth": 1222349093,
	} {
		if got := unit.DerivationIndex(); got != want {
			t.Errorf("%s has index %d, want %d", unit, got, want)
		}
	}
}

// Keys depend on the position, not on the amount: the reason why an index must
// never be used twice.
func TestKeysBelongToPositions(t *testing.T) {
	t.Parallel()
	root := mustPath(t, nuts250Seed, purpose)
	make := func(index uint32, amounts ...cashu.Amount) *keyset {
		k, err := derive(root, row{unit: "sat", unitIndex: 1, index: index, version: cashu.V2, amounts: amounts})
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	a, b, c := make(1, 1, 2, 4), make(1, 1, 3, 4), make(2, 1, 2, 4)
	if a.keys[2].Public() != b.keys[3].Public() || a.keys[4].Public() != b.keys[4].Public() {
		t.Error("equal positions of one index have different keys")
	}
	if a.keys[1].Public() == c.keys[1].Public() {
		t.Error("two indexes share a key")
	}
}

func TestAKeysetIDOfAnUnknownVersionIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := derive(mustPath(t, nuts250Seed), row{unit: "sat", version: 7, amounts: powersOfTwo(1)}); err == nil {
		t.Error("a keyset id of version 7 was made")
	}
}

func TestTheIdentityIsTheMasterPublicKey(t *testing.T) {
	t.Parallel()
	raw, err := hex.DecodeString(nuts250Seed)
	if err != nil {
		t.Fatal(err)
	}
	master, err := hdkeychain.NewMaster(raw, &chaincfg.MainNetParams)
	if err != nil {
		t.Fatal(err)
	}
	public, err := master.ECPubKey()
	if err != nil {
		t.Fatal(err)
	}
	ks, err := newKeystore(Config{Seed: mustSeed(t, nuts250Seed)})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := ks.Identity().String(), hex.EncodeToString(public.SerializeCompressed()); got != want {
		t.Errorf("identity %s, want %s", got, want)
	}
}

// nuts250Seed is the raw seed of the key vectors of nuts#250.
const nuts250Seed = "0000000000000000000000000000000000000000000000000000000000000001"

func mustSeed(t testing.TB, text string) seedfile.Seed {
	t.Helper()
	seed, err := seedfile.FromText(text)
	if err != nil {
		t.Fatal(err)
	}
	return seed
}

func TestAWipedSeedHasNoMasterKey(t *testing.T) {
	t.Parallel()
	seed := mustSeed(t, nuts250Seed)
	seed.Wipe()
	if _, err := masterNode(seed); err == nil {
		t.Error("a wiped seed has a master key")
	}
}

func mustPath(t testing.TB, seed string, path ...uint32) *bip32.Node {
	t.Helper()
	master, err := masterNode(mustSeed(t, seed))
	if err != nil {
		t.Fatal(err)
	}
	n, err := master.Path(path...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func powersOfTwo(n int) []cashu.Amount {
	amounts := make([]cashu.Amount, n)
	for i := range amounts {
		amounts[i] = 1 << i
	}
	return amounts
}
