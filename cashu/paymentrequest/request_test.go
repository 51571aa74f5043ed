package paymentrequest

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPublishedRequestsAreRead(t *testing.T) {
	for _, v := range append(append([]vector{}, nut18...), nut26...) {
		t.Run(v.name, func(t *testing.T) {
			for _, text := range []string{v.text, "cashu:" + v.text, "BITCOIN:?amount=1&CREQ=" + v.text, " " + v.text + "\n"} {
				got, err := Parse(text)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(v.request, got); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
	for _, v := range nut26 {
		if got, err := Parse(strings.ToLower(v.text)); err != nil || !cmp.Equal(got, v.request) {
			t.Errorf("%s in lower case: %v", v.name, err)
		}
	}
}

// The published text of the first example of NUT-18 is another request than the
// one beside it; both readings of it must at least be readable.
func TestTheFirstExampleOfNUT18(t *testing.T) {
	got, err := Parse("creqApWF0gaNhdGVub3N0cmFheKlucHJvZmlsZTFxeTI4d3VtbjhnaGo3dW45ZDNzaGp0bnl2OWtoMnVld2Q5aHN6OW1od2RlbjV0ZTB3ZmprY2N0ZTljdXJ4dmVuOWVlaHFjdHJ2NWhzenJ0aHdkZW41dGUwZGVoaHh0bnZkYWtxcWd5ZGFxeTdjdXJrNDM5eWtwdGt5c3Y3dWRoZGh1NjhzdWNtMjk1YWtxZWZkZWhrZjBkNDk1Y3d1bmw1YWeBgmFuYjE3YWloYjdhOTAxNzZhYQphdWNzYXRhbYF4Imh0dHBzOi8vbm9mZWVzLnRlc3RudXQuY2FzaHUuc3BhY2U=")
	if err != nil {
		t.Fatal(err)
	}
	if got.ID != "b7a90176" || got.Amount != 10 || got.Transports[0].Kind != TransportNostr {
		t.Errorf("got %+v", got)
	}
}

func TestRequestsComeBackInBothForms(t *testing.T) {
	for _, v := range append(append([]vector{}, nut18...), nut26...) {
		plain, err := v.request.Encode()
		if err != nil {
			t.Fatal(err)
		}
		short, err := v.request.EncodeBech32()
		if err != nil && v.name == "Nostr Transport Payment Request" {
			continue // an npub of NUT-18 with a wrong checksum
		}
		if err != nil {
			t.Fatalf("%s: %v", v.name, err)
		}
		for _, text := range []string{plain, short} {
			if got, err := Parse(text); err != nil || !cmp.Equal(got, v.request) {
				t.Errorf("%s: %v\n%s", v.name, err, cmp.Diff(v.request, got))
			}
		}
	}
}

func TestPublishedShortRequestsAreWritten(t *testing.T) {
	for _, v := range nut26 {
		if v.name == "Single-Use Field (false)" {
			continue // we leave out what is not asked for
		}
		if got, err := v.request.EncodeBech32(); err != nil || got != v.text {
			t.Errorf("%s: %v\n got %s\nwant %s", v.name, err, got, v.text)
		}
	}
}

func TestWhatIsNoRequestIsRefused(t *testing.T) {
	good := nut26[0].text
	for name, text := range map[string]string{
		"nothing": "", "token": "cashuBpGF0", "cut off": good[:len(good)-1], "mixed case": good[:20] + strings.ToLower(good[20:]),
		"changed": strings.Replace(good, "Q", "P", 1), "no base64": "creqA!", "empty": "creqA", "no CBOR": "creqAaaaa",
		"amount without unit": "creqAoWFhCg", "other link": "https://example.com",
	} {
		if r, err := Parse(text); err == nil {
			t.Errorf("%s: read as %+v", name, r)
		}
	}
	if _, err := Parse("x"); !errors.Is(err, ErrNotARequest) {
		t.Errorf("got %v", err)
	}
	if _, err := (Request{Amount: 1}).Encode(); err == nil {
		t.Error("an amount without a unit was written")
	}
	long := Request{Transports: []Transport{{Kind: TransportPost, Target: "https://x", Tags: [][]string{{strings.Repeat("x", 256)}}}}}
	if _, err := long.EncodeBech32(); err == nil {
		t.Error("a word of 256 bytes was written")
	}
}

func TestAPayeeAcceptsItsMints(t *testing.T) {
	r := Request{Mints: []string{"https://a.example/"}}
	if !r.Accepts("https://a.example") || r.Accepts("https://b.example") || !(Request{}).Accepts("https://b.example") {
		t.Error("wrong mints")
	}
}

func FuzzParse(f *testing.F) {
	for _, v := range append(append([]vector{}, nut18...), nut26...) {
		f.Add(v.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text)
		if err != nil {
			return
		}
		again, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := Parse(again); err != nil || back.ID != r.ID || back.Amount != r.Amount || back.Unit != r.Unit {
			t.Fatalf("came back changed: %v", err)
		}
	})
}
