package wire

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"mintmark/bdhke"
	"mintmark/cashu"
	pb "mintmark/proto/signatory"
)

var errSecretNotText = errors.New("secret is not UTF-8")

// Proofs builds a request. The witness stays behind: the signatory has no use
// for it.
func Proofs(proofs []cashu.Proof) *pb.Proofs {
	out := &pb.Proofs{Proof: make([]*pb.Proof, len(proofs))}
	for i, p := range proofs {
		out.Proof[i] = &pb.Proof{
			Amount:   uint64(p.Amount),
			KeysetId: p.ID.Bytes(),
			Secret:   []byte(p.Secret),
			C:        p.C.AppendBytes(nil),
		}
	}
	return out
}

// ParseProofs reads a request. Secrets must be UTF-8, as every mint sends them:
// reading other bytes as if their hex had been sent, as CDK does, would give one
// coin two spellings.
func ParseProofs(in *pb.Proofs) ([]cashu.Proof, error) {
	out := make([]cashu.Proof, len(in.GetProof()))
	for i, p := range in.GetProof() {
		id, err := cashu.KeysetIDFromBytes(p.GetKeysetId())
		if err != nil {
			return nil, fmt.Errorf("proof %d: %w", i, err)
		}
		c, err := bdhke.ParsePoint(p.GetC())
		if err != nil {
			return nil, fmt.Errorf("proof %d: C: %w", i, err)
		}
		if !utf8.Valid(p.GetSecret()) {
			return nil, fmt.Errorf("proof %d: %w", i, errSecretNotText)
		}
		out[i] = cashu.Proof{Amount: cashu.Amount(p.GetAmount()), ID: id, Secret: string(p.GetSecret()), C: c}
	}
	return out, nil
}
