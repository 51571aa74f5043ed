package bip32

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
		raw := make([]byte, 16+rng.IntN(49))
		for i := range raw {
			raw[i] = byte(rng.Uint32())
		}
		path := []uint32{129372, rng.Uint32() >> 1, rng.Uint32N(1000), rng.Uint32N(256)}
		want, err := hdkeychain.NewMaster(raw, &chaincfg.MainNetParams)
		if err != nil {
			t.Fatal(err)
		}
		for _, number := range path {
			if want, err = want.Derive(number + hdkeychain.HardenedKeyStart); err != nil {
				t.Fatal(err)
			}
		}
		node := mustPath(t, hex.EncodeToString(raw), path...)
		assertSameNode(t, node, want)
		// A step that is not hardened, as NUT-13 ends with.
		number := rng.Uint32() >> 1
		if node, err = node.Normal(number); err != nil {
			t.Fatal(err)
		}
		if want, err = want.Derive(number); err != nil {
			t.Fatal(err)
		}
		assertSameNode(t, node, want)
	}
}

func TestImpossibleNodesAreErrors(t *testing.T) {
	t.Parallel()
	master := mustPath(t, oneSeed)
	if _, err := master.Hardened(HardenedOffset); err == nil {
		t.Error("a child number of 2^31 was taken")
	}
	if _, err := master.Normal(HardenedOffset); err == nil {
		t.Error("a child number of 2^31 was taken")
	}
	if _, err := Master(nil); !errors.Is(err, ErrNoSeed) {
		t.Errorf("no seed: %v", err)
	}
	if _, err := master.Hardened(math.MaxInt32); err != nil {
		t.Errorf("the last child: %v", err)
	}
	// The group order as a tweak: not a number below the order.
	order, err := hex.DecodeString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newNode(append(order, make([]byte, 32)...), master.key); !errors.Is(err, ErrNoKey) {
		t.Errorf("tweak of the group order: %v, want ErrNoKey", err)
	}
	// Minus the parent's key: the child would be zero.
	secret := master.key.Bytes()
	positive, err := secp256k1.NewScalarFromCanonicalBytes(&secret)
	if err != nil {
		t.Fatal(err)
	}
	negative := secp256k1.NewScalar().Negate(positive).Bytes()
	if _, err := newNode(append(negative, make([]byte, 32)...), master.key); !errors.Is(err, ErrNoKey) {
		t.Errorf("child zero: %v, want ErrNoKey", err)
	}
}

func mustPath(t testing.TB, seed string, path ...uint32) *Node {
	t.Helper()
	raw, err := hex.DecodeString(seed)
	if err != nil {
		t.Fatal(err)
	}
	master, err := Master(raw)
	if err != nil {
		t.Fatal(err)
	}
	n, err := master.Path(path...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func assertSameNode(t *testing.T, got *Node, want *hdkeychain.ExtendedKey) {
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

// oneSeed is 31 zero bytes and a one.
const oneSeed = "0000000000000000000000000000000000000000000000000000000000000001"

func TestAWipedNodeIsEmpty(t *testing.T) {
	t.Parallel()
	n, err := Master(bytes.Repeat([]byte("s"), 32))
	if err != nil {
		t.Fatal(err)
	}
	n.Wipe()
	if _, err := n.Hardened(0); err == nil || !n.Key().IsZero() || n.chain != [32]byte{} {
		t.Error("something is left")
	}
}
