package wire

import (
	"fmt"

	"mintmark/bdhke"
	"mintmark/cashu"
	pb "mintmark/proto/signatory"
)

// BlindedMessages builds a request.
func BlindedMessages(messages []cashu.BlindedMessage) *pb.BlindedMessages {
	out := &pb.BlindedMessages{BlindedMessages: make([]*pb.BlindedMessage, len(messages))}
	for i, m := range messages {
		out.BlindedMessages[i] = &pb.BlindedMessage{
			Amount:        uint64(m.Amount),
			KeysetId:      m.ID.Bytes(),
			BlindedSecret: m.B.AppendBytes(nil),
		}
	}
	return out
}

// ParseBlindedMessages reads a request.
func ParseBlindedMessages(in *pb.BlindedMessages) ([]cashu.BlindedMessage, error) {
	out := make([]cashu.BlindedMessage, len(in.GetBlindedMessages()))
	for i, m := range in.GetBlindedMessages() {
		id, err := cashu.KeysetIDFromBytes(m.GetKeysetId())
		if err != nil {
			return nil, fmt.Errorf("blinded message %d: %w", i, err)
		}
		b, err := bdhke.ParsePoint(m.GetBlindedSecret())
		if err != nil {
			return nil, fmt.Errorf("blinded message %d: B_: %w", i, err)
		}
		out[i] = cashu.BlindedMessage{Amount: cashu.Amount(m.GetAmount()), ID: id, B: b}
	}
	return out, nil
}

// BlindSignatures builds an answer.
func BlindSignatures(signatures []cashu.BlindSignature) *pb.BlindSignatures {
	out := &pb.BlindSignatures{BlindSignatures: make([]*pb.BlindSignature, len(signatures))}
	for i, s := range signatures {
		sig := &pb.BlindSignature{
			Amount:        uint64(s.Amount),
			KeysetId:      s.ID.Bytes(),
			BlindedSecret: s.C.AppendBytes(nil),
		}
		if s.DLEQ != nil {
			sig.Dleq = &pb.BlindSignatureDLEQ{E: s.DLEQ.E[:], S: s.DLEQ.S[:]}
		}
		out.BlindSignatures[i] = sig
	}
	return out
}

// ParseBlindSignatures reads an answer. Whether it fits a question is for the
// caller to see.
func ParseBlindSignatures(in *pb.BlindSignatures) ([]cashu.BlindSignature, error) {
	out := make([]cashu.BlindSignature, len(in.GetBlindSignatures()))
	for i, s := range in.GetBlindSignatures() {
		id, err := cashu.KeysetIDFromBytes(s.GetKeysetId())
		if err != nil {
			return nil, fmt.Errorf("signature %d: %w", i, err)
		}
		c, err := bdhke.ParsePoint(s.GetBlindedSecret())
		if err != nil {
			return nil, fmt.Errorf("signature %d: C_: %w", i, err)
		}
		dleq, err := parseDLEQ(s.GetDleq())
		if err != nil {
			return nil, fmt.Errorf("signature %d: %w", i, err)
		}
		out[i] = cashu.BlindSignature{Amount: cashu.Amount(s.GetAmount()), ID: id, C: c, DLEQ: dleq}
	}
	return out, nil
}

func parseDLEQ(in *pb.BlindSignatureDLEQ) (*bdhke.DLEQ, error) {
	if in == nil {
		return nil, nil
	}
	if len(in.GetE()) != 32 || len(in.GetS()) != 32 {
		return nil, fmt.Errorf("dleq of %d and %d bytes instead of 32", len(in.GetE()), len(in.GetS()))
	}
	return &bdhke.DLEQ{E: [32]byte(in.GetE()), S: [32]byte(in.GetS())}, nil
}
