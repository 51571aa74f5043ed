package mintclient_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/wallet/mintclient"
)

// A mint that says that it has signed nothing says something; one that answers with
// nothing does not. A wallet that took the second for the first would stop looking.
func TestAnEmptyAnswerIsNotOneOfNothing(t *testing.T) {
	t.Parallel()
	id, err := cashu.ParseKeysetID("009a1f293253e41e")
	if err != nil {
		t.Fatal(err)
	}
	g, err := bdhke.HashToCurve([]byte("any"))
	if err != nil {
		t.Fatal(err)
	}
	for body, answers := range map[string]bool{
		`{"outputs":[],"signatures":[]}`:     true,
		`{"outputs":null,"signatures":null}`: true, // as some mints write empty lists
		`{}`:                                 false,
		`{"outputs":[]}`:                     false,
		`{"signatures":[]}`:                  false,
		`{"outputs":{},"signatures":[]}`:     false,
		`[]`:                                 false,
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(body))
		}))
		c, err := mintclient.New(mintclient.Config{URL: s.URL})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = c.Restore(t.Context(), []cashu.BlindedMessage{{Amount: 1, ID: id, B: g}})
		if answers != (err == nil) || err != nil && !errors.Is(err, mintclient.ErrNoAnswer) {
			t.Errorf("%s: %v", body, err)
		}
		c.Close()
		s.Close()
	}
}
