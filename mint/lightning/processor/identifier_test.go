package processor

import (
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"mintmark/cashu"
	pb "mintmark/proto/cdk_payment_processor"
)

func hashed(kind pb.PaymentIdentifierType, value string) *pb.PaymentIdentifier {
	return &pb.PaymentIdentifier{Type: kind, Value: &pb.PaymentIdentifier_Hash{Hash: value}}
}

func texted(kind pb.PaymentIdentifierType, value string) *pb.PaymentIdentifier {
	return &pb.PaymentIdentifier{Type: kind, Value: &pb.PaymentIdentifier_Id{Id: value}}
}

func TestEveryTypeOfIdentifierComesBackAsItWas(t *testing.T) {
	t.Parallel()
	hash := strings.Repeat("ab", 32)
	seen := map[string]bool{}
	for number := range pb.PaymentIdentifierType_name {
		kind := pb.PaymentIdentifierType(number)
		if kind == pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_UNSPECIFIED {
			continue
		}
		p := texted(kind, "a:b/ü:")
		switch kind {
		case pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_PAYMENT_HASH, pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_BOLT12_PAYMENT_HASH,
			pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_PAYMENT_ID:
			p = hashed(kind, hash)
		}
		text, err := writeIdentifier(p)
		if err != nil || seen[text] {
			t.Fatalf("%s: %q, %v", kind, text, err)
		}
		seen[text] = true
		if back, err := readIdentifier(text); err != nil || !proto.Equal(back, p) {
			t.Errorf("%s: %v came back as %v, %v", kind, p, back, err)
		}
	}
	if !seen[hash] {
		t.Error("a payment hash does not stand for itself")
	}
}

func TestIdentifiersThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	const label, payment = pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_LABEL, pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_PAYMENT_HASH
	for name, p := range map[string]*pb.PaymentIdentifier{
		"nothing":            nil,
		"no type":            texted(0, "x"),
		"an unknown type":    texted(99, "x"),
		"no value":           {Type: label},
		"an empty value":     texted(label, ""),
		"a hash for a label": hashed(label, strings.Repeat("00", 32)),
		"a label for a hash": texted(payment, strings.Repeat("00", 32)),
		"a short hash":       hashed(payment, strings.Repeat("00", 31)),
		"a hash in no hex":   hashed(payment, strings.Repeat("zz", 32)),
		"too much":           texted(label, strings.Repeat("x", 241)),
		"a zero byte":        texted(label, "a\x00b"),
	} {
		if text, err := writeIdentifier(p); err == nil {
			t.Errorf("%s: %q", name, text)
		}
	}
	for _, text := range []string{"", "label:", "nobody:x", "x", strings.Repeat("AB", 32), "bolt12-hash:ab", ":" + strings.Repeat("ab", 32)} {
		if p, err := readIdentifier(text); err == nil {
			t.Errorf("%q: %v", text, p)
		}
	}
}

func FuzzReadIdentifier(f *testing.F) {
	f.Add("label:x")
	f.Add(strings.Repeat("ab", 32))
	f.Add("quote:a:b")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := readIdentifier(text)
		if err != nil {
			return
		}
		if again, err := writeIdentifier(p); err != nil || again != text {
			t.Errorf("%q became %q, %v", text, again, err)
		}
	})
}

func TestAmountsAreConvertedBetweenSatAndMsatOnlyAndNeverWrap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value uint64
		unit  string
		want  cashu.Unit
		up    bool
		get   cashu.Amount
		bad   bool
	}{
		{value: 7, unit: "sat", want: "sat", get: 7},
		{value: 7, unit: "SAT", want: "sat", get: 7},
		{value: 1999, unit: "msat", want: "sat", get: 1},
		{value: 1999, unit: "msat", want: "sat", up: true, get: 2},
		{value: 2000, unit: "msat", want: "sat", up: true, get: 2},
		{value: 3, unit: "sat", want: "msat", get: 3000},
		{value: math.MaxUint64, unit: "msat", want: "sat", up: true, get: math.MaxUint64/1000 + 1},
		{value: math.MaxUint64 / 1000, unit: "sat", want: "msat", bad: true},
		{value: math.MaxUint64/1000 + 1, unit: "sat", want: "msat", bad: true},
		{value: math.MaxInt64, unit: "sat", want: "sat", get: math.MaxInt64},
		{value: math.MaxInt64 + 1, unit: "sat", want: "sat", bad: true},
		{value: 1, unit: "usd", want: "sat", bad: true},
		{value: 1, unit: "sat", want: "usd", bad: true},
		{value: 1, unit: "", want: "sat", bad: true},
		{value: 1, unit: "a b", want: "sat", bad: true},
	} {
		got, err := readAmount(&pb.AmountMessage{Value: c.value, Unit: c.unit}, c.want, c.up)
		if (err != nil) != c.bad || got != c.get {
			t.Errorf("%d %s in %s: %d, %v", c.value, c.unit, c.want, got, err)
		}
	}
	if _, err := readAmount(nil, "sat", false); err == nil {
		t.Error("an amount that is not there was read")
	}
}
