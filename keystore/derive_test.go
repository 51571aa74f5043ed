package keystore

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/btcutil/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg"
	secp256k1 "gitlab.com/yawning/secp256k1-voi"

	"mintmark/cashu"
)

// The rows of the official BIP32 vectors whose path is hardened all the way.
// Vectors 3 and 4 have keys with leading zeros, the classic mistake.
func TestBIP32Vectors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, seed string
		path       []uint32
		xprv       string
	}{
		{"1 m", "000102030405060708090a0b0c0d0e0f", nil,
			"xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi"},
		{"1 m/0'", "000102030405060708090a0b0c0d0e0f", []uint32{0},
			"xprv9uHRZZhk6KAJC1avXpDAp4MDc3sQKNxDiPvvkX8Br5ngLNv1TxvUxt4cV1rGL5hj6KCesnDYUhd7oWgT11eZG7XnxHrnYeSvkzY7d2bhkJ7"},
		{"3 m", "4b381541583be4423346c643850da4b320e46a87ae3d2a4e6da11eba819cd4acba45d239319ac14f863b8d5ab5a0d0c64d2e8a1e7d1457df2e5a3c51c73235be", nil,
			"xprv9s21ZrQH143K25QhxbucbDDuQ4naNntJRi4KUfWT7xo4EKsHt2QJDu7KXp1A3u7Bi1j8ph3EGsZ9Xvz9dGuVrtHHs7pXeTzjuxBrCmmhgC6"},
		{"3 m/0'", "4b381541583be4423346c643850da4b320e46a87ae3d2a4e6da11eba819cd4acba45d239319ac14f863b8d5ab5a0d0c64d2e8a1e7d1457df2e5a3c51c73235be", []uint32{0},
			"xprv9uPDJpEQgRQfDcW7BkF7eTya6RPxXeJCqCJGHuCJ4GiRVLzkTXBAJMu2qaMWPrS7AANYqdq6vcBcBUdJCVVFceUvJFjaPdGZ2y9WACViL4L"},
		{"4 m", "3ddd5602285899a946114506157c7997e5444528f3003f6134712147db19b678", nil,
			"xprv9s21ZrQH143K48vGoLGRPxgo2JNkJ3J3fqkirQC2zVdk5Dgd5w14S7fRDyHH4dWNHUgkvsvNDCkvAwcSHNAQwhwgNMgZhLtQC63zxwhQmRv"},
		{"4 m/0'", "3ddd5602285899a946114506157c7997e5444528f3003f6134712147db19b678", []uint32{0},
			"xprv9vB7xEWwNp9kh1wQRfCCQMnZUEG21LpbR9NPCNN1dwhiZkjjeGRnaALmPXCX7SgjFTiCTT6bXes17boXtjq3xLpcDjzEuGLQBM5ohqkao9G"},
		{"4 m/0'/1'", "3ddd5602285899a946114506157c7997e5444528f3003f6134712147db19b678", []uint32{0, 1},
			"xprv9xJocDuwtYCMNAo3Zw76WENQeAS6WGXQ55RCy7tDJ8oALr4FWkuVoHJeHVAcAqiZLE7Je3vZJHxspZdFHfnBEjHqU5hG1Jaj32dVoS6XLT1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			want, err := hdkeychain.NewKeyFromString(c.xprv)
			if err != nil {
				t.Fatal(err)
			}
			assertSameNode(t, mustPath(t, c.seed, c.path...), want)
		})
	}
}

// Another implementation of BIP32, over random seeds of all lengths and random
// paths of our shape.
func TestDerivationAgreesWithHDKeychain(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewChaCha8([32]byte{1}))
	for range 200 {
		raw := make([]byte, minRawSeed+rng.IntN(maxRawSeed-minRawSeed+1))
		for i := range raw {
			raw[i] = byte(rng.Uint32())
		}
		path := []uint32{purpose, rng.Uint32() >> 1, rng.Uint32N(1000), rng.Uint32N(256)}
		want, err := hdkeychain.NewMaster(raw, &chaincfg.MainNetParams)
		if err != nil {
			t.Fatal(err)
		}
		for _, number := range path {
			if want, err = want.Derive(number + hdkeychain.HardenedKeyStart); err != nil {
				t.Fatal(err)
			}
		}
		assertSameNode(t, mustPath(t, hex.EncodeToString(raw), path...), want)
	}
}

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

func TestImpossibleNodesAreErrors(t *testing.T) {
	t.Parallel()
	master := mustPath(t, nuts250Seed)
	if _, err := master.child(hardenedOffset); err == nil {
		t.Error("a child number of 2^31 was taken")
	}
	if _, err := master.child(math.MaxInt32); err != nil {
		t.Errorf("the last child: %v", err)
	}
	// The group order as a tweak: not a number below the order.
	order, err := hex.DecodeString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newNode(append(order, make([]byte, 32)...), master.key); !errors.Is(err, errNoKey) {
		t.Errorf("tweak of the group order: %v, want errNoKey", err)
	}
	// Minus the parent's key: the child would be zero.
	secret := master.key.Bytes()
	positive, err := secp256k1.NewScalarFromCanonicalBytes(&secret)
	if err != nil {
		t.Fatal(err)
	}
	negative := secp256k1.NewScalar().Negate(positive).Bytes()
	if _, err := newNode(append(negative, make([]byte, 32)...), master.key); !errors.Is(err, errNoKey) {
		t.Errorf("child zero: %v, want errNoKey", err)
	}
	if _, err := derive(master, row{unit: "sat", version: 7, amounts: powersOfTwo(1)}); err == nil {
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

func mustSeed(t testing.TB, text string) Seed {
	t.Helper()
	seed, err := SeedFromText(text)
	if err != nil {
		t.Fatal(err)
	}
	return seed
}

func mustPath(t testing.TB, seed string, path ...uint32) *node {
	t.Helper()
	master, err := masterNode(mustSeed(t, seed))
	if err != nil {
		t.Fatal(err)
	}
	n, err := master.path(path...)
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

func assertSameNode(t *testing.T, got *node, want *hdkeychain.ExtendedKey) {
	t.Helper()
	key, err := want.ECPrivKey()
	if err != nil {
		t.Fatal(err)
	}
	if secret := got.key.Bytes(); !bytes.Equal(secret[:], key.Serialize()) {
		t.Error("another private key")
	}
	if !bytes.Equal(got.chain[:], want.ChainCode()) {
		t.Error("another chain code")
	}
}
