package wire

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"mintmark/bdhke"
	"mintmark/cashu"
	pb "mintmark/proto/signatory"
)

// The point, signature and DLEQ proof are those of the NUT-12 test vectors.
const (
	pointA  = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5" // key 2
	pointG  = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
	pointB  = "02a9acc1e48c25eeeb9289b5031cc57da9fe72f3fe2861d264bdc074209b107ba2"
	pointC  = "0244eccfc7a348274458bb38044c7f3c389b3c2086c7ec18b5812d2877ab937787"
	dleqE   = "2a16ffee280aff3c429045607f9b8e0bf8b35910c44c1b20b9dfaf01b263d7b3"
	dleqS   = "9df27731238334718d120d4f74611a7c668233f988e687ac3fb188f0a34a2dab"
	idV1    = "00882760bfa2eb41"
	idV2    = "01abababababababababababababababababababababababababababababababab"
	keysIDs = "00b1c9938f01121e" // of {1: A}
	eurcID  = "018817b51e68894fb401c7b0f2aa74fd63feade4fe0d8ea42a22f20959d938cd92"
)

// The golden bytes were put together outside of Go, by field number, from the
// description of CDK's messages.
const (
	goldenMessages = "0a2f0808120800882760bfa2eb411a2102a9acc1e48c25eeeb9289b5031cc57da9fe72f3fe2861d264bdc074209b107ba2" +
		"0a510880808080808080808001122101abababababababababababababababababababababababababababababababab" +
		"1a2102a9acc1e48c25eeeb9289b5031cc57da9fe72f3fe2861d264bdc074209b107ba2"
	goldenSignResponse = "12770a750808120800882760bfa2eb411a210244eccfc7a348274458bb38044c7f3c389b3c2086c7ec18b5812d2877ab937787" +
		"22440a202a16ffee280aff3c429045607f9b8e0bf8b35910c44c1b20b9dfaf01b263d7b3" +
		"12209df27731238334718d120d4f74611a7c668233f988e687ac3fb188f0a34a2dab"
	goldenProofs = "0a3808ac02120800882760bfa2eb411a0668c3a96c6c6f" +
		"22210244eccfc7a348274458bb38044c7f3c389b3c2086c7ec18b5812d2877ab937787"
	goldenTrue         = "1001"
	goldenFalse        = ""
	goldenDuplicate    = "0a19080212116475706c6963617465206f757470757473c03e8056"
	goldenCDKDuplicate = "0a15080212114475706c6963617465206f757470757473"
	goldenKeys         = "12cf010a210279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798" +
		"12510a0800b1c9938f01121e12020801180120642a270a250801122102c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5" +
		"30f19cf4d507420e6d696e746d61726b2f302e312e30" +
		"12540a21018817b51e68894fb401c7b0f2aa74fd63feade4fe0d8ea42a22f20959d938cd92" +
		"12061204657572632a270a250801122102c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5" +
		"c03e07"
	goldenRotate        = "0a02080110641a040102800820f19cf4d5072802"
	goldenRotateInherit = "0a061204657572632801"
	goldenRotated       = "12540a21018817b51e68894fb401c7b0f2aa74fd63feade4fe0d8ea42a22f20959d938cd9212061204657572632a270a25" +
		"0801122102c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5"
)

// field writes one field by its number: a number, or bytes.
func field(number protowire.Number, value any) []byte {
	switch v := value.(type) {
	case int:
		return protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), uint64(v))
	case uint64:
		return protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), v)
	case []byte:
		return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), v)
	}
	panic("neither a number nor bytes")
}

func join(fields ...[]byte) (all []byte) {
	for _, f := range fields {
		all = append(all, f...)
	}
	return all
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func point(t testing.TB, s string) bdhke.Point {
	t.Helper()
	p, err := bdhke.ParsePointHex(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func keysetID(t testing.TB, s string) cashu.KeysetID {
	t.Helper()
	id, err := cashu.ParseKeysetID(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func words(t testing.TB) ([]cashu.BlindedMessage, []cashu.BlindSignature, []cashu.Proof) {
	t.Helper()
	v1, v2 := keysetID(t, idV1), keysetID(t, idV2)
	return []cashu.BlindedMessage{
			{Amount: 8, ID: v1, B: point(t, pointB)},
			{Amount: 1 << 63, ID: v2, B: point(t, pointB)},
		}, []cashu.BlindSignature{
			{Amount: 8, ID: v1, C: point(t, pointC), DLEQ: &bdhke.DLEQ{E: [32]byte(unhex(t, dleqE)), S: [32]byte(unhex(t, dleqS))}},
		}, []cashu.Proof{
			{Amount: 300, ID: v1, Secret: "héllo", C: point(t, pointC)},
		}
}

func keysets(t testing.TB) []cashu.Keyset {
	t.Helper()
	keys, err := cashu.NewKeys(map[cashu.Amount]bdhke.Point{1: point(t, pointA)})
	if err != nil {
		t.Fatal(err)
	}
	return []cashu.Keyset{
		{
			ID: keysetID(t, keysIDs), Unit: "sat", Active: true, InputFeePPK: 100, FinalExpiry: 2059210353,
			Keys: keys, IssuerVersion: "mintmark/0.1.0",
		},
		{ID: keysetID(t, eurcID), Unit: "eurc", Keys: keys},
	}
}

func TestGoldenBytes(t *testing.T) {
	t.Parallel()
	messages, signatures, proofs := words(t)
	expiry := uint64(2059210353)
	dleq := join(field(1, unhex(t, dleqE)), field(2, unhex(t, dleqS)))
	keys := field(1, join(field(1, 1), field(2, unhex(t, pointA))))
	eurc := join(field(1, unhex(t, eurcID)), field(2, field(2, []byte("eurc"))), field(5, keys))
	for _, test := range []struct {
		name    string
		golden  string
		fields  []byte
		message proto.Message
	}{
		{
			"a request to sign", goldenMessages,
			join(
				field(1, join(field(1, 8), field(2, unhex(t, idV1)), field(3, unhex(t, pointB)))),
				field(1, join(field(1, uint64(1)<<63), field(2, unhex(t, idV2)), field(3, unhex(t, pointB)))),
			),
			BlindedMessages(messages),
		},
		{
			"signatures", goldenSignResponse,
			field(2, field(1, join(field(1, 8), field(2, unhex(t, idV1)), field(3, unhex(t, pointC)), field(4, dleq)))),
			&pb.BlindSignResponse{Sigs: BlindSignatures(signatures)},
		},
		{
			"a request to verify", goldenProofs,
			field(1, join(field(1, 300), field(2, unhex(t, idV1)), field(3, []byte("héllo")), field(4, unhex(t, pointC)))),
			Proofs(proofs),
		},
		{"proofs are valid", goldenTrue, field(2, 1), &pb.BooleanResponse{Success: true}},
		{"a proof is not valid", goldenFalse, nil, &pb.BooleanResponse{}},
		{
			"duplicate outputs", goldenDuplicate,
			field(1, join(field(1, 2), field(2, []byte("duplicate outputs")), field(1000, 11008))),
			&pb.BlindSignResponse{Error: Error(cashu.ErrDuplicateOutputs)},
		},
		{
			"duplicate outputs as CDK has it", goldenCDKDuplicate,
			field(1, join(field(1, 2), field(2, []byte("Duplicate outputs")))),
			&pb.BlindSignResponse{Error: &pb.Error{Code: 2, Detail: "Duplicate outputs"}},
		},
		{
			"keysets", goldenKeys,
			field(2, join(
				field(1, unhex(t, pointG)),
				field(2, join(field(1, unhex(t, keysIDs)), field(2, field(1, 1)), field(3, 1), field(4, 100), field(5, keys),
					field(6, 2059210353), field(8, []byte("mintmark/0.1.0")))),
				field(2, eurc),
				field(1000, 7),
			)),
			&pb.KeysResponse{Keysets: Snapshot(point(t, pointG), 7, keysets(t))},
		},
		{
			"a rotation", goldenRotate,
			join(field(1, field(1, 1)), field(2, 100), field(3, unhex(t, "01028008")), field(4, 2059210353), field(5, 2)),
			&pb.RotationRequest{
				Unit: Unit("sat"), InputFeePpk: 100, Amounts: []uint64{1, 2, 1024}, FinalExpiry: &expiry, KeysetIdType: IDType(cashu.V2),
			},
		},
		{
			"a rotation that inherits", goldenRotateInherit,
			join(field(1, field(2, []byte("eurc"))), field(5, 1)),
			&pb.RotationRequest{Unit: Unit("eurc"), KeysetIdType: IDType(cashu.V1)},
		},
		{
			"a rotated keyset", goldenRotated, field(2, eurc),
			&pb.KeyRotationResponse{Keyset: Keyset(keysets(t)[1])},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			golden := unhex(t, test.golden)
			if !bytes.Equal(golden, test.fields) {
				t.Errorf("put together by number: %x\ngolden: %x", test.fields, golden)
			}
			sent, err := proto.MarshalOptions{Deterministic: true}.Marshal(test.message)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(golden, sent) {
				t.Errorf("we send: %x\n golden: %x", sent, golden)
			}
			read := test.message.ProtoReflect().New().Interface()
			if err := proto.Unmarshal(golden, read); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.message, read, protocmp.Transform()); diff != "" {
				t.Errorf("what we read (-want +read):\n%s", diff)
			}
		})
	}
}

// What CDK sends becomes our words, and the very ones.
func TestGoldenBytesBecomeWords(t *testing.T) {
	t.Parallel()
	messages, signatures, proofs := words(t)

	var signRequest pb.BlindedMessages
	read(t, goldenMessages, &signRequest)
	gotMessages, err := ParseBlindedMessages(&signRequest)
	equal(t, "messages", messages, gotMessages, err)

	var signResponse pb.BlindSignResponse
	read(t, goldenSignResponse, &signResponse)
	gotSignatures, err := ParseBlindSignatures(signResponse.GetSigs())
	equal(t, "signatures", signatures, gotSignatures, err)
	if !bdhke.VerifyDLEQ(point(t, pointA), messages[0].B, gotSignatures[0].C, *gotSignatures[0].DLEQ) {
		t.Error("the DLEQ proof of the vector did not survive")
	}

	var verifyRequest pb.Proofs
	read(t, goldenProofs, &verifyRequest)
	gotProofs, err := ParseProofs(&verifyRequest)
	equal(t, "proofs", proofs, gotProofs, err)

	var keysResponse pb.KeysResponse
	read(t, goldenKeys, &keysResponse)
	identity, gotKeysets, err := ParseSnapshot(keysResponse.GetKeysets(), nil)
	equal(t, "keysets", keysets(t), gotKeysets, err)
	if identity != point(t, pointG) || keysResponse.GetKeysets().GetEpoch() != 7 {
		t.Errorf("identity %v, epoch %d", identity, keysResponse.GetKeysets().GetEpoch())
	}
}

func read(t *testing.T, golden string, into proto.Message) {
	t.Helper()
	if err := proto.Unmarshal(unhex(t, golden), into); err != nil {
		t.Fatal(err)
	}
}

func equal(t *testing.T, what string, want, got any, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b cashu.KeysetID) bool { return a == b }),
		cmp.Comparer(func(a, b bdhke.Point) bool { return a == b }), cmp.Comparer(cashu.Keys.Equal)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
