package conditions

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/go-json-experiment/json"

	"mintmark/cashu"
	"mintmark/cashu/schnorr"
)

// MaxSignatures bounds one witness; 4096 bytes hold 31. No witness needs more
// than it has keys to sign for.
const MaxSignatures = 32

// Witness is what meets a condition: the JSON text of a proof's witness (NUT-11,
// NUT-14).
type Witness struct {
	Preimage   string   // hex; HTLC only
	Signatures []string // hex
}

// ParseWitness reads a witness. Empty text and null are an empty witness. Names
// twice, trailing text and values of other types are refused, unknown names
// ignored. What the texts in it are worth is not looked at.
func ParseWitness(text string) (Witness, error) {
	if text == "" {
		return Witness{}, nil
	}
	var w struct {
		Preimage   string   `json:"preimage"`
		Signatures []string `json:"signatures"`
	}
	if err := json.Unmarshal([]byte(text), &w); err != nil {
		return Witness{}, cashu.Errorf(cashu.CodeProofInvalid, "witness is not an object of preimage and signatures")
	}
	if len(w.Signatures) > MaxSignatures {
		return Witness{}, cashu.Errorf(cashu.CodeTooLarge, "witness has more than %d signatures", MaxSignatures)
	}
	return Witness(w), nil
}

// text writes the witness for a condition of this kind. An HTLC always names a
// preimage, because some mints read no witness without one.
func (w Witness) text(kind string) (string, error) {
	type p2pk struct {
		Signatures []string `json:"signatures"`
	}
	var v any = p2pk{w.Signatures}
	if kind == KindHTLC {
		v = struct {
			Preimage string `json:"preimage"`
			p2pk
		}{w.Preimage, p2pk{w.Signatures}}
	}
	b, err := json.Marshal(v)
	return string(b), err
}

// signatures are those that have the form of one, each once. Anything else in
// the list proves nothing and is passed over.
func (w Witness) signatures() []schnorr.Signature {
	sigs := make([]schnorr.Signature, 0, len(w.Signatures))
next:
	for _, text := range w.Signatures {
		sig, err := schnorr.ParseSignature(text)
		if err != nil {
			continue
		}
		for _, other := range sigs {
			if other == sig {
				continue next
			}
		}
		sigs = append(sigs, sig)
	}
	return sigs
}

// opens tells whether the preimage, 32 bytes and no other length, has this hash.
func (w Witness) opens(hash [32]byte) bool {
	var preimage [32]byte
	if len(w.Preimage) != 2*len(preimage) {
		return false
	}
	if _, err := hex.Decode(preimage[:], []byte(w.Preimage)); err != nil {
		return false
	}
	return sha256.Sum256(preimage[:]) == hash
}
