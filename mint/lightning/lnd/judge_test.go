package lnd

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
)

// The table of what an answer of the node says about an attempt: a failure of an older
// payment of the same hash never speaks for it.
func TestWhatTheNodeSaysIsJudged(t *testing.T) {
	t.Parallel()
	never, ordered := attempt{}, attempt{orders: 1, before: mark{5, 100}}
	seen := attempt{orders: 1, before: mark{5, 100}, answered: true}
	for _, c := range []struct {
		name  string
		a     attempt
		p     payment
		found bool
		want  standing
	}{
		{"nothing known, nothing ordered", never, payment{}, false, standsFree},
		{"an older failure, nothing ordered", never, payment{Status: "FAILED", Index: 5, Created: 100}, true, standsFree},
		{"somebody else's payment under way", never, payment{Status: "IN_FLIGHT", Index: 5, Created: 100}, true, standsForeign},
		{"somebody else's payment made", never, payment{Status: "SUCCEEDED", Index: 5, Created: 100}, true, standsForeign},
		{"ordered and under way", ordered, payment{Status: "IN_FLIGHT", Index: 6, Created: 200}, true, standsOpen},
		{"ordered and made", ordered, payment{Status: "SUCCEEDED", Index: 6, Created: 200}, true, standsOpen},
		{"ordered and failed, under the number of the older one", ordered, payment{Status: "FAILED", Index: 5, Created: 200}, true, standsOpen},
		{"ordered and failed", ordered, payment{Status: "FAILED", Index: 6, Created: 200}, true, standsOpen},
		{"ordered, and only the older failure is there", ordered, payment{Status: "FAILED", Index: 5, Created: 100}, true, standsMissing},
		{"ordered, and nothing is there", ordered, payment{}, false, standsMissing},
		{"seen, and nothing is there any more", seen, payment{}, false, standsLost},
		{"seen, and only the older failure is there", seen, payment{Status: "FAILED", Index: 5, Created: 100}, true, standsLost},
	} {
		if got := judge(c.a, c.p, c.found); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestAnswersOfTheNodeAreReadInEveryForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"a":1}`:                               `{"a":1}`,
		`{"result":{"a":1}}` + "\n":             `{"a":1}`,
		`{"result": {"a":1}}{"result":{"b":2}}`: `{"a":1}`,
	} {
		var got string
		err := readAnswers(strings.NewReader(text), func(answer json.RawMessage) (bool, error) {
			got = string(answer)
			return true, nil
		})
		if err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for text, code := range map[string]int{
		`{"error":{"code":6,"message":"invoice is already paid"}}`: codeAlreadyExists,
		`{"code":5,"message":"there are no existing invoices"}`:    codeNotFound,
		`{"code":2,"message":"permission denied","details":[]}`:    codeUnknown,
	} {
		err := readAnswers(strings.NewReader(text), func(json.RawMessage) (bool, error) { return true, nil })
		if !is(err, code) || !answered(err) {
			t.Errorf("%s: %v", text, err)
		}
	}
	// What is cut short or no JSON says nothing about any payment.
	for _, text := range []string{"", `{"result":{"status":"FAI`, "<html>502 Bad Gateway</html>", `{"error":{}}`, `{"error":{"code":14,"message":"transport is closing"}}`} {
		err := readAnswers(strings.NewReader(text), func(json.RawMessage) (bool, error) { return true, nil })
		if err == nil || answered(err) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := readAnswers(strings.NewReader(`{"result":{}}`), func(json.RawMessage) (bool, error) { return false, nil }); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a stream that ends: %v", err)
	}
}

// A path that the node does not serve has the code of a payment that it does not know.
func TestOnlyTheNodesOwnWordsSayThatAPaymentWasNeverBegun(t *testing.T) {
	t.Parallel()
	if !notBegun(&nodeError{codeNotFound, "payment isn't initiated"}) {
		t.Error("its own words are not understood")
	}
	for _, err := range []error{&nodeError{codeNotFound, "Not Found"}, &nodeError{codeUnknown, "payment isn't initiated"}, io.EOF, nil} {
		if notBegun(err) {
			t.Errorf("%v", err)
		}
	}
}

func FuzzReadAnswers(f *testing.F) {
	for _, seed := range []string{`{"result":{"status":"SUCCEEDED"}}`, `{"error":{"code":2}}`, `{"code":5}`, "{", `[]`, `null`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n := 0
		err := readAnswers(strings.NewReader(text), func(json.RawMessage) (bool, error) {
			n++
			return n > 100, nil
		})
		if err == nil && n <= 100 {
			t.Error("it ended without an error")
		}
	})
}
