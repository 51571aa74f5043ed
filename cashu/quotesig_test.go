package cashu_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"pgregory.net/rapid"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// The request of NUT-20's published vectors, signed over the legacy message.
const (
	legacyPubkey  = "03d56ce4e446a85bbdaa547b4ec2b073d40ff802831352b8272b7dd7a4de5a7cac"
	legacyRequest = `{
  "quote": "9d745270-1405-46de-b5c5-e2762b4f5e00",
  "outputs": [
    {"amount": 1, "id": "00456a94ab4e1c46", "B_": "0342e5bcc77f5b2a3c2afb40bb591a1e27da83cddc968abdc0ec4904201a201834"},
    {"amount": 1, "id": "00456a94ab4e1c46", "B_": "032fd3c4dc49a2844a89998d5e9d5b0f0b00dde9310063acb8a92e2fdafa4126d4"},
    {"amount": 1, "id": "00456a94ab4e1c46", "B_": "033b6fde50b6a0dfe61ad148fff167ad9cf8308ded5f6f6b2fe000a036c464c311"},
    {"amount": 1, "id": "00456a94ab4e1c46", "B_": "02be5a55f03e5c0aaea77595d574bce92c6d57a2a0fb2b5955c0b87e4520e06b53"},
    {"amount": 1, "id": "00456a94ab4e1c46", "B_": "02209fc2873f28521cbdde7f7b3bb1521002463f5979686fd156f23fe6a8aa2b79"}
  ],
  "signature": "d4b386f21f7aa7172f0994ee6e4dd966539484247ea71c99b81b8e09b1bb2acbc0026a43c221fd773471dc30d6a32b04692e6837ddaccf0830a63128308e4ee0"
}`
	legacyMessage = "9d745270-1405-46de-b5c5-e2762b4f5e00" +
		"0342e5bcc77f5b2a3c2afb40bb591a1e27da83cddc968abdc0ec4904201a201834" +
		"032fd3c4dc49a2844a89998d5e9d5b0f0b00dde9310063acb8a92e2fdafa4126d4" +
		"033b6fde50b6a0dfe61ad148fff167ad9cf8308ded5f6f6b2fe000a036c464c311" +
		"02be5a55f03e5c0aaea77595d574bce92c6d57a2a0fb2b5955c0b87e4520e06b53" +
		"02209fc2873f28521cbdde7f7b3bb1521002463f5979686fd156f23fe6a8aa2b79"
	invalidSignature = "cb2b8e7ea69362dfe2a07093f2bbc319226db33db2ef686c940b5ec976bcbfc78df0cd35b3e998adf437b09ee2c950bd66dfe9eb64abd706e43ebc7c669c36c3"
)

func mintRequest(t testing.TB, text string) cashu.MintRequest {
	t.Helper()
	var r cashu.MintRequest
	if err := cashu.Decode([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLegacyQuoteSignatureMeetsTheVectorsOfNUT20(t *testing.T) {
	t.Parallel()
	r, key := mintRequest(t, legacyRequest), point(t, legacyPubkey)
	if got := string(cashu.LegacyQuoteSignatureMessage(r.Quote, r.Outputs)); got != legacyMessage {
		t.Errorf("message %q, want %q", got, legacyMessage)
	}
	if !cashu.VerifyQuoteSignature(key, r.Quote, r.Outputs, r.Signature) {
		t.Error("the published signature does not verify")
	}
	if cashu.VerifyQuoteSignature(key, r.Quote, r.Outputs, invalidSignature) {
		t.Error("the published invalid signature verifies")
	}
}

// The vectors of the amended message, for NUT-20 and NUT-29. The key is G.
var amended = []struct{ quote, hash, sig string }{
	{"0192d3c0-7e8a-7c3d-8e9f-1a2b3c4d5e6f", "c164fd384879f74ab6ea2e7cf13d90ed42e6df9d5de607eeb5c9cc7d36fb1c21", "4881093a332ff7c79f3e598ce5b249d64978b47165a0b19c18adf0ced0246228e61e702f0abaf1bf27b92be4336bdbabacfbe4c914076386b3c66fdcd0b3480e"},
	{"019e6d5a-2347-7000-8c81-a1e0dbf3299f", "dad25acc587637206d73398894d337f983a0ca644746e8673727eaa0b29fa9b4", "0c39431338a0202568b9a1d4215c99f179cbb8ee5472ac5ae7133fbb8f99cafbb9e425ad33c60224c96b8f9f984f004379a18e9558468d129b6b03f0da6de162"},
}

func amendedOutputs(t testing.TB) []cashu.BlindedMessage {
	return []cashu.BlindedMessage{
		{Amount: 1, ID: keysetID(t, idV1), B: point(t, "036d6caac248af96f6afa7f904f550253a0f3ef3f5aa2fe6838a95b216691468e2")},
		{Amount: 1, ID: keysetID(t, idV1), B: point(t, "021f8a566c205633d029094747d2e18f44e05993dda7a5f88f496078205f656e59")},
	}
}

func TestQuoteSignatureMeetsTheAmendedVectors(t *testing.T) {
	t.Parallel()
	outputs := amendedOutputs(t)
	for _, v := range amended {
		hash := sha256.Sum256(cashu.QuoteSignatureMessage(v.quote, outputs))
		if got := hex.EncodeToString(hash[:]); got != v.hash {
			t.Errorf("%s: hash %s, want %s", v.quote, got, v.hash)
		}
		for _, sig := range []string{v.sig, strings.ToUpper(v.sig)} {
			if !cashu.VerifyQuoteSignature(point(t, pointG), v.quote, outputs, sig) {
				t.Errorf("%s: the published signature does not verify", v.quote)
			}
		}
	}
}

func TestQuoteSignatureMessageIsLaidOutAsNUT20Says(t *testing.T) {
	t.Parallel()
	outputs := amendedOutputs(t)[:1]
	b := outputs[0].B.String()
	for amount, want := range map[cashu.Amount]string{
		0: "00000000", 1: "0000000101", 255: "00000001ff", 256: "000000020100", 1 << 63: "000000088000000000000000",
	} {
		outputs[0].Amount = amount
		got := hex.EncodeToString(cashu.QuoteSignatureMessage("q", outputs))
		if want := hex.EncodeToString([]byte("Cashu_MintQuoteSig_v1")) + "0000000171" + want + "00000021" + b; got != want {
			t.Errorf("amount %d: %s, want %s", amount, got, want)
		}
	}
}

func TestQuoteSignatureBindsEverythingItCovers(t *testing.T) {
	t.Parallel()
	v, outputs, key := amended[0], amendedOutputs(t), point(t, pointG)
	swapped := []cashu.BlindedMessage{outputs[1], outputs[0]}
	dearer := append([]cashu.BlindedMessage(nil), outputs...)
	dearer[0].Amount = 2
	for name, ok := range map[string]bool{
		"another quote":       cashu.VerifyQuoteSignature(key, amended[1].quote, outputs, v.sig),
		"another order":       cashu.VerifyQuoteSignature(key, v.quote, swapped, v.sig),
		"another amount":      cashu.VerifyQuoteSignature(key, v.quote, dearer, v.sig),
		"fewer outputs":       cashu.VerifyQuoteSignature(key, v.quote, outputs[:1], v.sig),
		"no outputs":          cashu.VerifyQuoteSignature(key, v.quote, nil, v.sig),
		"another key":         cashu.VerifyQuoteSignature(point(t, pointA), v.quote, outputs, v.sig),
		"no key":              cashu.VerifyQuoteSignature(bdhke.Point{}, v.quote, outputs, v.sig),
		"no signature":        cashu.VerifyQuoteSignature(key, v.quote, outputs, ""),
		"63 bytes":            cashu.VerifyQuoteSignature(key, v.quote, outputs, v.sig[2:]),
		"65 bytes":            cashu.VerifyQuoteSignature(key, v.quote, outputs, v.sig+"00"),
		"no hex":              cashu.VerifyQuoteSignature(key, v.quote, outputs, "zz"+v.sig[2:]),
		"zeros":               cashu.VerifyQuoteSignature(key, v.quote, outputs, strings.Repeat("00", 64)),
		"numbers too large":   cashu.VerifyQuoteSignature(key, v.quote, outputs, strings.Repeat("ff", 64)),
		"one bit of it":       cashu.VerifyQuoteSignature(key, v.quote, outputs, v.sig[:127]+"f"),
		"only its first half": cashu.VerifyQuoteSignature(key, v.quote, outputs, v.sig[:64]+strings.Repeat("00", 32)),
	} {
		if ok {
			t.Errorf("the signature verifies with %s", name)
		}
	}
}

func TestQuoteSignatureIgnoresTheParityOfTheKey(t *testing.T) {
	t.Parallel()
	if !cashu.VerifyQuoteSignature(point(t, "03"+pointG[2:]), amended[0].quote, amendedOutputs(t), amended[0].sig) {
		t.Error("the key with odd y does not verify")
	}
}

// sign is BIP340 on another library's scalars, with a nonce good enough for tests.
func sign(key []byte, hash [32]byte) string {
	var d, k, e btcec.ModNScalar
	d.SetByteSlice(key)
	_, pub := btcec.PrivKeyFromBytes(key)
	if pub.SerializeCompressed()[0] == 3 {
		d.Negate()
	}
	nonce := sha256.Sum256(append(append([]byte("nonce"), key...), hash[:]...))
	k.SetBytes(&nonce)
	_, r := btcec.PrivKeyFromBytes(nonce[:])
	if r.SerializeCompressed()[0] == 3 {
		k.Negate()
	}
	tag := sha256.Sum256([]byte("BIP0340/challenge"))
	h := sha256.New()
	for _, part := range [][]byte{tag[:], tag[:], r.SerializeCompressed()[1:], pub.SerializeCompressed()[1:], hash[:]} {
		h.Write(part)
	}
	challenge := [32]byte(h.Sum(nil))
	e.SetBytes(&challenge)
	s := e.Mul(&d).Add(&k).Bytes()
	return hex.EncodeToString(append(r.SerializeCompressed()[1:], s[:]...))
}

func TestPropertyQuoteSignaturesOfAnotherLibraryVerify(t *testing.T) {
	t.Parallel()
	outputs := amendedOutputs(t)
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOfN(rapid.Byte(), 32, 32).Filter(func(b []byte) bool {
			_, err := bdhke.NewScalar(b)
			return err == nil
		}).Draw(t, "key")
		_, pub := btcec.PrivKeyFromBytes(raw)
		key, err := bdhke.ParsePoint(pub.SerializeCompressed())
		if err != nil {
			t.Fatal(err)
		}
		quote := rapid.String().Draw(t, "quote")
		outputs := append([]cashu.BlindedMessage(nil), outputs[:rapid.IntRange(0, 2).Draw(t, "outputs")]...)
		for i := range outputs {
			outputs[i].Amount = cashu.Amount(rapid.Uint64().Draw(t, "amount"))
		}
		for _, msg := range [][]byte{cashu.QuoteSignatureMessage(quote, outputs), cashu.LegacyQuoteSignatureMessage(quote, outputs)} {
			hash := sha256.Sum256(msg)
			if !cashu.VerifyQuoteSignature(key, quote, outputs, sign(raw, hash)) {
				t.Fatalf("the signature of %q does not verify", msg)
			}
		}
	})
}

// The hash that NUT-29 publishes is of another message than the one that it prints:
// of the id "locked-quote" and the raw bytes of B_, which the text has replaced since.
// So its signature must not verify. The amended vectors above take its place.
func TestThePublishedVectorOfNUT29IsOfAnotherMessage(t *testing.T) {
	t.Parallel()
	const (
		quote = "019e6d5a-2347-7000-80fe-07ae8fa79774"
		hash  = "5ac550d5416e81c613b58e3f1fb095390fb828b55e8991fd9de231ca8e31e859"
		sig   = "9408920d0b94cee5eb6df20f14d2a655e7ce2ce309dc1f1aeb69b219efe76716933b2206eba3a54f9a953c92edaa922ab3e6912e02383dda42a193409567a0dc"
	)
	outputs := amendedOutputs(t)
	if cashu.VerifyQuoteSignature(point(t, pointG), quote, outputs, sig) {
		t.Error("a signature over another quote verifies")
	}
	msg := []byte("locked-quote")
	for _, o := range outputs {
		msg = o.B.AppendBytes(msg)
	}
	sum := sha256.Sum256(msg)
	if got := hex.EncodeToString(sum[:]); got != hash {
		t.Errorf("hash %s, want %s", got, hash)
	}
}
