package bolt11

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestExamplesOfTheSpecificationAreWrittenByteForByte(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"a donation of any amount": exampleDonation, "a coffee within a minute": exampleCoffee,
		"a description in Japanese": exampleNonsense, "a hashed description": exampleList,
	} {
		v, err := Decode(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Encode(v, key(t, exampleKey))
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
		}
	}
}

func TestAmountsAreWrittenInTheShortestFormAndReadExactly(t *testing.T) {
	t.Parallel()
	for msat, want := range map[uint64]string{
		0: "", 1: "10p", 9: "90p", 10: "100p", 99: "990p", 100: "1n", 101: "1010p", 1000: "10n", 1500: "15n",
		100_000: "1u", 250_000_000: "2500u", 2_000_000_000: "20m", 100_000_000_000: "1",
		2_100_000_000_000_000_000: "21000000", 967_878_534: "9678785340p",
		math.MaxUint64: "184467440737095516150p",
	} {
		if got := writeAmount(msat); got != want {
			t.Errorf("%d msat: got %q, want %q", msat, got, want)
		}
		if got, err := readAmount(want); err != nil || got != msat {
			t.Errorf("%q: got %d, %v", want, got, err)
		}
	}
	for _, s := range []string{"p", "m", "0", "00", "01", "1p", "11p", "5p", "1k", "1M", "1mu", "1 ", " 1", "+1", "1.5m", "1_0", "184467440737095516160p"} {
		if got, err := readAmount(s); err == nil {
			t.Errorf("%q was read as %d", s, got)
		}
	}
}

func TestAnInvoiceThatCannotBeWrittenSaysEveryReason(t *testing.T) {
	t.Parallel()
	_, err := Encode(Invoice{
		Network: "ltc", Timestamp: time.Unix(-1, 0), Expiry: -time.Second,
		Description: strings.Repeat("x", MaxDescription) + "\xff", DescriptionHash: new([32]byte),
		Features: []int{9, 9}, Payee: [33]byte{2},
	}, key(t, exampleKey))
	if err == nil {
		t.Fatal("it was written")
	}
	for _, want := range []string{"network", "timestamp", "expiry", "too long", "UTF-8", "exclude", "ascending", "owner"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	for name, change := range map[string]func(*Invoice){
		"a timestamp beyond 35 bits": func(v *Invoice) { v.Timestamp = time.Unix(1<<35, 0) },
		"parts of a second":          func(v *Invoice) { v.Expiry = time.Millisecond },
		"a feature bit too high":     func(v *Invoice) { v.Features = []int{5 * 1023} },
	} {
		v := example(t)
		change(&v)
		if _, err := Encode(v, key(t, exampleKey)); err == nil {
			t.Errorf("%s was written", name)
		}
	}
	if _, err := Encode(Invoice{Network: Mainnet}, Key{}); err == nil {
		t.Error("an invoice was signed without a key")
	}
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := Invoice{
			Network:      rapid.SampledFrom([]Network{Mainnet, Testnet, Signet, Regtest}).Draw(t, "network"),
			AmountMsat:   rapid.Uint64().Draw(t, "amount"),
			Timestamp:    time.Unix(rapid.Int64Range(0, 1<<35-1).Draw(t, "timestamp"), 0).UTC(),
			Expiry:       time.Duration(rapid.Int64Range(1, int64(maxExpiry)).Draw(t, "expiry")) * time.Second,
			MinFinalCLTV: rapid.Uint64Min(1).Draw(t, "cltv"),
			Description:  rapid.StringN(0, 150, MaxDescription).Draw(t, "description"),
			Payee:        [33]byte{},
		}
		fill := func(dst []byte, name string) {
			copy(dst, rapid.SliceOfN(rapid.Byte(), len(dst), len(dst)).Draw(t, name))
		}
		fill(v.PaymentHash[:], "hash")
		fill(v.PaymentSecret[:], "secret")
		if rapid.Bool().Draw(t, "hashed") {
			v.Description, v.DescriptionHash = "", new([32]byte)
			fill(v.DescriptionHash[:], "description hash")
		}
		next := -1
		for range rapid.IntRange(0, 5).Draw(t, "features") {
			next += 2 * rapid.IntRange(1, 100).Draw(t, "distance") // odd: unknown ones are allowed
			v.Features = append(v.Features, next)
		}
		k, err := GenerateKey()
		if err != nil {
			t.Fatal(err)
		}
		s, err := Encode(v, k)
		if err != nil {
			t.Fatal(err)
		}
		v.Payee = k.Public()
		for _, s := range []string{s, strings.ToUpper(s)} {
			got, err := Decode(s)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, v) {
				t.Fatalf("got  %+v\nwant %+v", got, v)
			}
		}
	})
}

func TestOneChangedCharacterIsNoticed(t *testing.T) {
	t.Parallel()
	for i := range exampleCoffee {
		for _, c := range []byte("qpzry9x8gf2tvdw0s3jn54khce6mua7l1bu") {
			changed := []byte(exampleCoffee)
			if changed[i] == c {
				continue
			}
			changed[i] = c
			if v, err := Decode(string(changed)); err == nil {
				t.Fatalf("%q instead of %q at %d gives %+v", c, exampleCoffee[i], i, v)
			}
		}
	}
}

func TestAKeyNeverShowsItself(t *testing.T) {
	t.Parallel()
	k := key(t, exampleKey)
	text, err := json.Marshal(map[string]any{"key": k})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("made", "key", k)
	for _, s := range []string{
		string(text), log.String(), fmt.Sprint(k), fmt.Sprintf("%s %v %+v %#v %x %X %q %d", k, k, k, k, k, k, k, k),
		fmt.Sprintf("%+v", struct{ K Key }{k}), fmt.Sprintf("%#v", &k),
	} {
		if !strings.Contains(s, "[redacted]") || strings.Contains(strings.ToLower(s), exampleKey[:8]) {
			t.Errorf("printed %s", s)
		}
	}
	for _, b := range [][]byte{nil, make([]byte, 32), make([]byte, 31), []byte(strings.Repeat("\xff", 32))} {
		if _, err := ParseKey(b); err == nil {
			t.Errorf("%x is a key", b)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		exampleDonation, exampleCoffee, exampleNonsense, exampleList, exampleTestnet, exampleRoute, exampleP2SH,
		exampleP2WPKH, exampleP2WSH, examplePico, exampleBeans, exampleIgnored, exampleMetadata, exampleHighS,
		badFeature, badRecovery, badMultiplier, badPrecision, badNoSecret,
	} {
		f.Add(s)
	}
	k := key(f, exampleKey)
	f.Fuzz(func(t *testing.T, s string) {
		v, err := Decode(s)
		if err != nil {
			return
		}
		v.Payee = k.Public()
		again, err := Encode(v, k)
		if err != nil {
			t.Fatalf("%+v was read and cannot be written: %v", v, err)
		}
		got, err := Decode(again)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, v) {
			t.Fatalf("got  %+v\nwant %+v", got, v)
		}
	})
}

// FuzzFields skips the checksum and the signature, which no fuzzer gets past.
func FuzzFields(f *testing.F) {
	f.Add([]byte("\x01\x00\x00"))
	f.Fuzz(func(t *testing.T, words []byte) {
		for i := range words {
			words[i] &= 31
		}
		fields, err := readFields(words)
		if err != nil {
			return
		}
		v := Invoice{Network: Regtest, Payee: [33]byte{}}
		if err := v.setFields(fields); err != nil {
			return
		}
		k := key(t, exampleKey)
		s, err := Encode(v, k)
		if err != nil {
			t.Fatalf("%+v was read and cannot be written: %v", v, err)
		}
		got, err := Decode(s)
		if err != nil {
			t.Fatal(err)
		}
		v.Payee, v.Timestamp = k.Public(), got.Timestamp
		if !reflect.DeepEqual(got, v) {
			t.Fatalf("got  %+v\nwant %+v", got, v)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	k := key(b, exampleKey)
	v := example(b)
	for b.Loop() {
		if _, err := Encode(v, k); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for b.Loop() {
		if _, err := Decode(exampleCoffee); err != nil {
			b.Fatal(err)
		}
	}
}
