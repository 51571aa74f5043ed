package lnurl_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mintmark/wallet/lnurl"
)

// service answers like one, with what a test wants to be different.
func service(t *testing.T, terms func(at string) string, invoice string) (*httptest.Server, *http.Request) {
	t.Helper()
	asked := new(http.Request)
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/terms":
			_, _ = w.Write([]byte(terms(s.URL)))
		case "/moved":
			http.Redirect(w, r, "http://elsewhere.example/terms", http.StatusFound)
		default:
			*asked = *r
			_, _ = w.Write([]byte(invoice))
		}
	}))
	t.Cleanup(s.Close)
	return s, asked
}

func usual(at string) string {
	return `{"tag":"payRequest","callback":"` + at + `/pay?user=7","minSendable":1000,"maxSendable":5000500,` +
		`"metadata":"[[\"text/identifier\",\"lunch@pay.example\"],[\"text/plain\",\"Lunch\"]]","commentAllowed":5}`
}

func TestAServiceMakesAnInvoice(t *testing.T) {
	t.Parallel()
	s, asked := service(t, usual, `{"pr":"lnbc1…","routes":[]}`)
	terms, err := lnurl.Client{}.Ask(context.Background(), s.URL+"/terms")
	if err != nil {
		t.Fatal(err)
	}
	if terms.Description != "Lunch" || terms.Min != 1000 || terms.Max != 5000500 || terms.Comment != 5 {
		t.Errorf("terms %+v", terms)
	}
	invoice, err := lnurl.Client{}.Invoice(context.Background(), terms, 21000, "thanks"[:5])
	if err != nil || invoice != "lnbc1…" {
		t.Errorf("%q, %v", invoice, err)
	}
	if q := asked.URL.Query(); q.Get("amount") != "21000" || q.Get("comment") != "thank" || q.Get("user") != "7" {
		t.Errorf("asked with %s", asked.URL)
	}
}

func TestWhatAServiceDoesNotTakeIsNotAskedFor(t *testing.T) {
	t.Parallel()
	terms := lnurl.Terms{Callback: "http://127.0.0.1:1/", Min: 1000, Max: 5000500, Comment: 5}
	for name, c := range map[string]struct {
		msat    uint64
		comment string
		says    string
	}{
		"too little":       {999, "", "from 1 to 5000.500 sat"},
		"too much":         {5000501, "", "from 1 to 5000.500 sat"},
		"a long comment":   {1000, "thanks", "5 characters"},
		"one of umlauts":   {1000, "äöüäöü", "5 characters"},
		"one that it bans": {1000, "x", ""},
	} {
		if c.says == "" {
			terms.Comment, c.says = 0, "no comment"
		}
		_, err := lnurl.Client{}.Invoice(context.Background(), terms, c.msat, c.comment)
		if err == nil || !strings.Contains(err.Error(), c.says) || errors.Is(err, lnurl.ErrUnreachable) {
			t.Errorf("%s: %v", name, err)
		}
		terms.Comment = 5
	}
	if err := terms.Check(1000, "äöüäö"); err != nil {
		t.Errorf("five characters: %v", err)
	}
}

func TestAServiceThatMakesNoSenseIsNotFollowed(t *testing.T) {
	t.Parallel()
	for name, terms := range map[string]string{
		"not JSON":             `<html>`,
		"to withdraw":          `{"tag":"withdrawRequest","callback":"AT/pay","minSendable":1,"maxSendable":2}`,
		"no least":             `{"tag":"payRequest","callback":"AT/pay","minSendable":0,"maxSendable":2}`,
		"most below least":     `{"tag":"payRequest","callback":"AT/pay","minSendable":3,"maxSendable":2}`,
		"callback elsewhere":   `{"tag":"payRequest","callback":"http://elsewhere.example/pay","minSendable":1,"maxSendable":2}`,
		"callback with a user": `{"tag":"payRequest","callback":"https://a:b@x.example/","minSendable":1,"maxSendable":2}`,
		"no callback":          `{"tag":"payRequest","minSendable":1,"maxSendable":2}`,
		"without end":          `{"tag":"payRequest","metadata":"` + strings.Repeat("x", 1<<20) + `"}`,
	} {
		s, _ := service(t, func(at string) string { return strings.ReplaceAll(terms, "AT", at) }, "")
		if got, err := (lnurl.Client{}).Ask(context.Background(), s.URL+"/terms"); !errors.Is(err, lnurl.ErrAnswer) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	s, _ := service(t, usual, "")
	if _, err := (lnurl.Client{}).Ask(context.Background(), s.URL+"/moved"); !errors.Is(err, lnurl.ErrUnreachable) {
		t.Errorf("a redirect to plain HTTP elsewhere: %v", err)
	}
}

func TestAServiceMayRefuse(t *testing.T) {
	t.Parallel()
	s, _ := service(t, func(string) string { return `{"status":"ERROR","reason":"closed today"}` }, `{"status":"ERROR","reason":"closed today"}`)
	_, err := lnurl.Client{}.Ask(context.Background(), s.URL+"/terms")
	if refused, ok := errors.AsType[*lnurl.RefusedError](err); !ok || refused.Reason != "closed today" {
		t.Errorf("terms: %v", err)
	}
	_, err = lnurl.Client{}.Invoice(context.Background(), lnurl.Terms{Callback: s.URL + "/pay", Min: 1, Max: 9}, 5, "")
	if _, ok := errors.AsType[*lnurl.RefusedError](err); !ok {
		t.Errorf("invoice: %v", err)
	}
}
