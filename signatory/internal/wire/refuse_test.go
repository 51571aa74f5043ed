package wire

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"mintmark/cashu"
	pb "mintmark/proto/signatory"
)

func TestMalformedBytesAreRefused(t *testing.T) {
	t.Parallel()
	id, b := unhex(t, idV1), unhex(t, pointB)
	offCurve := append([]byte{2}, bytes.Repeat([]byte{0xff}, 32)...)
	uncompressed := point(t, pointB).Uncompressed()
	for name, m := range map[string]*pb.BlindedMessage{
		"a message without an id":           {Amount: 1, BlindedSecret: b},
		"an id of 7 bytes":                  {KeysetId: id[:7], BlindedSecret: b},
		"a short id of version 2":           {KeysetId: append([]byte{1}, id[1:]...), BlindedSecret: b},
		"an id of a future version":         {KeysetId: append([]byte{2}, make([]byte, 32)...), BlindedSecret: b},
		"a message without a point":         {KeysetId: id},
		"a point that is not on the curve":  {KeysetId: id, BlindedSecret: offCurve},
		"an uncompressed point":             {KeysetId: id, BlindedSecret: uncompressed[:]},
		"infinity":                          {KeysetId: id, BlindedSecret: make([]byte, 33)},
		"a point with a byte after its end": {KeysetId: id, BlindedSecret: append(bytes.Clone(b), 0)},
	} {
		in := &pb.BlindedMessages{BlindedMessages: []*pb.BlindedMessage{{KeysetId: id, BlindedSecret: b}, m}}
		_, err := ParseBlindedMessages(in)
		if err == nil || !strings.Contains(err.Error(), "message 1:") {
			t.Errorf("as a message, %s: %v", name, err)
		}
		if _, err := ParseProofs(&pb.Proofs{Proof: []*pb.Proof{{KeysetId: m.KeysetId, C: m.BlindedSecret}}}); err == nil {
			t.Errorf("as a proof, %s", name)
		}
		sig := &pb.BlindSignature{KeysetId: m.KeysetId, BlindedSecret: m.BlindedSecret}
		if _, err := ParseBlindSignatures(&pb.BlindSignatures{BlindSignatures: []*pb.BlindSignature{sig}}); err == nil {
			t.Errorf("as a signature, %s", name)
		}
	}
	notText := &pb.Proofs{Proof: []*pb.Proof{{KeysetId: id, Secret: []byte("\xff\xfe"), C: b}}}
	if _, err := ParseProofs(notText); !errors.Is(err, errSecretNotText) {
		t.Errorf("a secret that is not UTF-8: %v", err)
	}
	for name, dleq := range map[string]*pb.BlindSignatureDLEQ{
		"without s":   {E: make([]byte, 32)},
		"with long e": {E: make([]byte, 33), S: make([]byte, 32)},
	} {
		sig := &pb.BlindSignature{KeysetId: id, BlindedSecret: b, Dleq: dleq}
		if _, err := ParseBlindSignatures(&pb.BlindSignatures{BlindSignatures: []*pb.BlindSignature{sig}}); err == nil {
			t.Errorf("a dleq %s is accepted", name)
		}
	}
}

func TestSnapshotsThatCannotBeTrueAreRefused(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*pb.SignatoryKeysets){
		"no identity key":                  func(s *pb.SignatoryKeysets) { s.Pubkey = nil },
		"an id that is not of its keys":    func(s *pb.SignatoryKeysets) { s.Keysets[0].Id[7] ^= 1 },
		"a fee that the id does not cover": func(s *pb.SignatoryKeysets) { s.Keysets[1].InputFeePpk = 1 },
		"a unit by an unknown number":      func(s *pb.SignatoryKeysets) { s.Keysets[0].Unit.GetCurrencyUnit().(*pb.CurrencyUnit_Unit).Unit = 99 },
		"no unit":                          func(s *pb.SignatoryKeysets) { s.Keysets[0].Unit = nil },
		"an empty unit":                    func(s *pb.SignatoryKeysets) { s.Keysets[0].Unit = &pb.CurrencyUnit{} },
		"no keys":                          func(s *pb.SignatoryKeysets) { s.Keysets[0].Keys = nil },
		"a key that is no point":           func(s *pb.SignatoryKeysets) { s.Keysets[0].Keys.Keys[1][32] ^= 1 },
		"a key for amount 0":               func(s *pb.SignatoryKeysets) { s.Keysets[0].Keys.Keys[0] = unhex(t, pointG) },
		"a keyset that comes twice":        func(s *pb.SignatoryKeysets) { s.Keysets = append(s.Keysets, s.Keysets[0]) },
		"a keyset that is not there":       func(s *pb.SignatoryKeysets) { s.Keysets[0] = nil },
	} {
		s := Snapshot(point(t, pointG), 1, keysets(t))
		spoil(s)
		if _, _, err := ParseSnapshot(s, nil); err == nil {
			t.Errorf("accepted: %s", name)
		}
	}
	if _, _, err := ParseSnapshot(nil, nil); err == nil {
		t.Error("accepted: nothing")
	}
}

func TestKnownKeysetsAreSharedOnlyWhenNothingChanged(t *testing.T) {
	t.Parallel()
	old := keysets(t)[1]
	known := func(id cashu.KeysetID) (cashu.Keyset, bool) { return old, id == old.ID }
	now := Keyset(old)
	now.Active = true // the one thing that may change
	got, err := ParseKeyset(now, known)
	if err != nil || !got.Active || &got.Keys.Amounts()[0] != &old.Keys.Amounts()[0] {
		t.Fatalf("%+v, %v: the keys were not shared", got, err)
	}
	for name, change := range map[string]func(*pb.KeySet){
		"the fee":    func(k *pb.KeySet) { k.InputFeePpk = 1 },
		"the expiry": func(k *pb.KeySet) { k.FinalExpiry = proto.Uint64(1) },
		"the unit":   func(k *pb.KeySet) { k.Unit = Unit("usdt") },
		"a key":      func(k *pb.KeySet) { k.Keys.Keys[1] = unhex(t, pointG) },
		"the amount": func(k *pb.KeySet) { k.Keys = &pb.Keys{Keys: map[uint64][]byte{2: unhex(t, pointA)}} },
	} {
		changed := Keyset(old)
		change(changed)
		if _, err := ParseKeyset(changed, known); err == nil {
			t.Errorf("%s of a known keyset changed, and it was believed", name)
		}
	}
}

// One issuer that CDK's mint cannot read costs it the whole snapshot.
func TestOnlyReadableIssuersAreSent(t *testing.T) {
	t.Parallel()
	for issuer, want := range map[string]string{
		"mintmark/0.1.0":         "mintmark/0.1.0",
		"mintmark/1.22.333-rc.1": "mintmark/1.22.333",
		"":                       "",
		"mintmark":               "",
		"mintmark/1.2":           "",
		"mintmark/devel":         "",
		"/1.2.3":                 "",
	} {
		if got := Keyset(cashu.Keyset{IssuerVersion: issuer}).GetIssuerVersion(); got != want {
			t.Errorf("%q is sent as %q, want %q", issuer, got, want)
		}
	}
}

func TestUnits(t *testing.T) {
	t.Parallel()
	for _, u := range []cashu.Unit{"sat", "msat", "usd", "eur", "auth"} {
		if Unit(u).GetUnit() == 0 {
			t.Errorf("%s is not sent by number", u)
		}
		if got, err := ParseUnit(Unit(u)); got != u || err != nil {
			t.Errorf("%s came back as %q, %v", u, got, err)
		}
	}
	for name, want := range map[string]cashu.Unit{" EurC ": "eurc", "Caf\u00e9": "café", "CAFE\u0301": "café", "SAT": "sat"} {
		in := &pb.CurrencyUnit{CurrencyUnit: &pb.CurrencyUnit_CustomUnit{CustomUnit: name}}
		if got, err := ParseUnit(in); got != want || err != nil {
			t.Errorf("%q is read as %q, %v", name, got, err)
		}
	}
}

func TestErrorsUseOnlyTheCodesThatCDKSurvives(t *testing.T) {
	t.Parallel()
	for code := cashu.Code(10000); code < 50000; code++ {
		switch Error(&cashu.Error{Code: code}).GetCode() {
		case 0, 1, 2, 4, 5:
		default:
			t.Fatalf("NUT code %d is sent as %v", code, Error(&cashu.Error{Code: code}).GetCode())
		}
	}
}

func TestErrorsBecomeNUTCodes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		in   *pb.Error
		want cashu.Code // 0: none
	}{
		"ours, expired":              {Error(cashu.ErrKeysetExpired), cashu.CodeKeysetExpired},
		"ours, inactive":             {Error(cashu.ErrKeysetInactive), cashu.CodeKeysetInactive},
		"ours, duplicate inputs":     {Error(cashu.ErrDuplicateInputs), cashu.CodeDuplicateInputs},
		"CDK's, amount":              {&pb.Error{Code: 1}, cashu.CodeAmountOutOfRange},
		"CDK's, duplicates":          {&pb.Error{Code: 2}, cashu.CodeDuplicateOutputs}, // as asked below
		"CDK's, unknown keyset":      {&pb.Error{Code: 4}, cashu.CodeKeysetUnknown},
		"CDK's, inactive keyset":     {&pb.Error{Code: 5}, cashu.CodeKeysetInactive},
		"a code that CDK never uses": {&pb.Error{Code: 8}, cashu.CodeProofInvalid},
		"unspecified":                {&pb.Error{Code: 0, Detail: "database"}, 0},
		"could not rotate":           {&pb.Error{Code: 7}, 0},
		"a code of the future":       {&pb.Error{Code: 999}, 0},
		"a negative code":            {&pb.Error{Code: -1}, 0},
		// A signatory has no say about what is spent.
		"a NUT code that is not its to say": {&pb.Error{Code: 5, NutCode: 11001}, cashu.CodeKeysetInactive},
	} {
		got := ParseError(test.in, cashu.CodeDuplicateOutputs)
		switch {
		case test.want == 0 && got != nil:
			t.Errorf("%s: %v, want none", name, got)
		case test.want != 0 && (got == nil || got.Code != test.want):
			t.Errorf("%s: %v, want %d", name, got, test.want)
		}
	}
}

func TestDetailIsOneShortPrintableLine(t *testing.T) {
	t.Parallel()
	got := Detail(&pb.Error{Detail: "a\nb\x1b[31m\xffé" + strings.Repeat("ü", maxDetail)})
	if !strings.HasPrefix(got, "ab[31mé") || len(got) > maxDetail || strings.ToValidUTF8(got, "?") != got {
		t.Errorf("%q", got)
	}
	if got := Detail(nil); got == "" {
		t.Error("no text at all")
	}
}

// Whatever comes over the wire, reading it must not panic, and what is accepted
// must be sent again as it came.
func FuzzParseBlindedMessages(f *testing.F) {
	f.Add(unhex(f, goldenMessages))
	f.Fuzz(func(t *testing.T, data []byte) {
		var in pb.BlindedMessages
		if proto.Unmarshal(data, &in) != nil {
			return
		}
		messages, err := ParseBlindedMessages(&in)
		if err != nil {
			return
		}
		again, err := ParseBlindedMessages(BlindedMessages(messages))
		equal(t, "messages", messages, again, err)
	})
}

func FuzzParseProofs(f *testing.F) {
	f.Add(unhex(f, goldenProofs))
	f.Fuzz(func(t *testing.T, data []byte) {
		var in pb.Proofs
		if proto.Unmarshal(data, &in) != nil {
			return
		}
		proofs, err := ParseProofs(&in)
		if err != nil {
			return
		}
		again, err := ParseProofs(Proofs(proofs))
		equal(t, "proofs", proofs, again, err)
	})
}

func FuzzParseBlindSignResponse(f *testing.F) {
	f.Add(unhex(f, goldenSignResponse))
	f.Add(unhex(f, goldenDuplicate))
	f.Fuzz(func(t *testing.T, data []byte) {
		var in pb.BlindSignResponse
		if proto.Unmarshal(data, &in) != nil {
			return
		}
		_ = ParseError(in.GetError(), cashu.CodeDuplicateOutputs)
		signatures, err := ParseBlindSignatures(in.GetSigs())
		if err != nil {
			return
		}
		again, err := ParseBlindSignatures(BlindSignatures(signatures))
		equal(t, "signatures", signatures, again, err)
	})
}

func FuzzParseSnapshot(f *testing.F) {
	f.Add(unhex(f, goldenKeys))
	f.Fuzz(func(t *testing.T, data []byte) {
		var in pb.KeysResponse
		if proto.Unmarshal(data, &in) != nil {
			return
		}
		identity, keysets, err := ParseSnapshot(in.GetKeysets(), nil)
		if err != nil {
			return
		}
		byID := map[cashu.KeysetID]cashu.Keyset{}
		for i, k := range keysets {
			byID[k.ID] = k
			keysets[i].IssuerVersion = Keyset(k).GetIssuerVersion() // only a readable one is sent
		}
		known := func(id cashu.KeysetID) (cashu.Keyset, bool) { k, ok := byID[id]; return k, ok }
		identityAgain, again, err := ParseSnapshot(Snapshot(identity, 1, keysets), known)
		equal(t, "keysets", keysets, again, err)
		if identityAgain != identity {
			t.Error("another identity")
		}
	})
}
