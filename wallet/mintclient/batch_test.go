package mintclient

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"mintmark/cashu"
)

// Mints write the settings of NUT-29 in several ways; what cannot be read is no
// offer.
func TestHowManyQuotesAMintTakesAtOnce(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		`{}`:                                             0,
		`{"29":{}}`:                                      100,
		`{"29":{"supported":true}}`:                      100,
		`{"29":{"supported":false}}`:                     0,
		`{"29":{"disabled":true}}`:                       0,
		`{"29":{"max_batch_size":null}}`:                 100,
		`{"29":{"max_batch_size":7}}`:                    7,
		`{"29":{"max_batch_size":0}}`:                    0,
		`{"29":{"max_batch_size":1000000}}`:              100,
		`{"29":{"max_batch_size":18446744073709551615}}`: 100,
		`{"29":{"max_batch_size":-1}}`:                   0,
		`{"29":{"methods":["bolt11"]}}`:                  100,
		`{"29":{"methods":["bolt12"]}}`:                  0,
		`{"29":{"methods":[]}}`:                          0,
		`{"29":{"methods":null}}`:                        100,
		`{"29":[]}`:                                      0,
	} {
		info, err := ParseInfo([]byte(`{"nuts":` + text + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Batch("bolt11"); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}

// An answer about other quotes, or about fewer, is none.
func TestAnAnswerAboutOtherQuotesIsNone(t *testing.T) {
	t.Parallel()
	answer := ""
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(server.Close)
	c, err := New(Config{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	const a, b = `{"quote":"a","request":"lnbc1","state":"PAID","amount":5}`, `{"quote":"b","request":"lnbc2","paid":true,"amount":3}`
	for _, tc := range []struct {
		answer string
		ok     bool
	}{
		{"[" + a + "," + b + "]", true},
		{"[" + b + "," + a + "]", false},
		{"[" + a + "]", false},
		{"[" + a + "," + b + "," + b + "]", false},
		{"[" + a + `,{"quote":"b"}]`, false},
		{"null", false},
		{"{}", false},
	} {
		answer = tc.answer
		got, err := c.MintQuotes(t.Context(), "bolt11", []string{"a", "b"})
		if (err == nil) != tc.ok || err != nil && (!errors.Is(err, ErrNoAnswer) || Final(err)) {
			t.Errorf("%s: %v", tc.answer, err)
		}
		if tc.ok && (got[0].State != "PAID" || got[1].State != "PAID") {
			t.Errorf("got %+v", got)
		}
	}
	for code, want := range map[int]bool{404: true, 405: true, 501: true, 400: false, 500: false, 502: false, 429: false} {
		status, answer = code, "no"
		_, err := c.MintBatch(t.Context(), "bolt11", cashu.BatchMintRequest{Quotes: []string{"a"}})
		if NoRoute(err) != want || !errors.Is(err, ErrNoAnswer) || Final(err) {
			t.Errorf("%d: %v", code, err)
		}
	}
}
