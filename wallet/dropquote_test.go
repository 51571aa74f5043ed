package wallet_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"mintmark/wallet"
)

// forgetful lets the mint answer questions about a quote, and those about several, as
// if there were none.
func forgetful(l *line, id string, status int, body string) {
	l.cut(nil, func(r *http.Request, resp *http.Response) error {
		if strings.HasSuffix(r.URL.Path, "/"+id) || r.URL.Path == checkPath {
			resp.StatusCode, resp.Header = status, http.Header{"Content-Type": {"application/json"}}
			resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		}
		return nil
	})
}

// A mint has lost a quote. The others are claimed all the same, and the lost one can
// be given up: then nobody asks about it any more. Each kind of mint says it in its
// own way.
func TestAQuoteThatTheMintDoesNotKnowCanBeDropped(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]struct {
		status int
		body   string
	}{
		"ours":     {404, `{"detail":"quote is unknown","code":40001}`},
		"nutshell": {400, `{"detail":"quote not found","code":0}`},
		"gonuts":   {400, `{"detail":"quote does not exist","code":20009}`},
		"a page":   {404, `no such page`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := w.stageOn(t.TempDir() + "/wallet.db")
			lost, good := s.mintQuote(s.x, 5), s.mintQuote(s.x, 64)
			forgetful(w.line, lost, answer.status, answer.body)
			done, err := s.x.Claim(t.Context())
			if err != nil || len(done) != 2 {
				t.Fatalf("got %+v, %v", done, err)
			}
			for _, c := range done {
				if c.Quote.ID == lost && !errors.Is(c.Err, wallet.ErrQuoteGone) || c.Quote.ID == good && (c.Err != nil || c.Amount != 64) {
					t.Errorf("got %+v", c)
				}
			}
			never := func(wallet.Quote, error) error { return errors.New("asked") }
			if err := s.x.DropQuote(t.Context(), wallet.QuoteMint, w.url, lost, never); err != nil {
				t.Errorf("dropping it: %v", err)
			}
			if done, err := s.x.Claim(t.Context()); err != nil || len(done) != 0 {
				t.Errorf("claimed again: %+v, %v", done, err)
			}
			w.line.cut(nil, nil) // the mint has found it again
			if q, err := s.x.CheckMintQuote(t.Context(), w.url, lost); err != nil || q.Open() != 5 {
				t.Errorf("asked again: %+v, %v", q, err)
			}
			if done, err := s.x.Claim(t.Context()); err != nil || len(done) != 1 || done[0].Amount != 5 {
				t.Errorf("claimed after all: %+v, %v", done, err)
			}
		})
	}
}

// A quote that was paid, or may have been, is only dropped after a question.
func TestAPaidQuoteIsOnlyDroppedAfterAQuestion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(t.TempDir() + "/wallet.db")
	paid := s.mintQuote(s.x, 64)
	if _, err := s.x.CheckMintQuote(t.Context(), w.url, paid); err != nil {
		t.Fatal(err)
	}
	no := errors.New("no")
	var asked wallet.Quote
	for name, fault := range map[string]func(){
		"the mint is there":    func() {},
		"the mint has lost it": func() { forgetful(w.line, paid, 404, "") },
		"the mint is away":     func() { w.line.cut(func(*http.Request) error { return errors.New("away") }, nil) },
	} {
		fault()
		asked = wallet.Quote{}
		err := s.x.DropQuote(t.Context(), wallet.QuoteMint, w.url, paid, func(q wallet.Quote, _ error) error {
			asked = q
			return no
		})
		if !errors.Is(err, no) || asked.Open() != 64 {
			t.Errorf("%s: asked about %+v, %v", name, asked, err)
		}
		w.line.cut(nil, nil)
	}
	if q, err := s.xStore.Quote(t.Context(), wallet.QuoteMint, w.url, paid); err != nil || q.State != "PAID" {
		t.Errorf("it is %s, %v", q.State, err)
	}
	fresh := s.mintQuote(s.x, 5) // its mint is away: it may have been paid
	w.line.cut(func(*http.Request) error { return errors.New("away") }, nil)
	if err := s.x.DropQuote(t.Context(), wallet.QuoteMint, w.url, fresh, func(wallet.Quote, error) error { return no }); !errors.Is(err, no) {
		t.Errorf("one that may have been paid: %v", err)
	}
	if err := s.x.DropQuote(t.Context(), wallet.QuoteMint, w.url, fresh, nil); err != nil {
		t.Error(err)
	}
}

// What an operation uses is not dropped under its feet.
func TestAQuoteInUseIsNotDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(t.TempDir() + "/wallet.db")
	quote := s.mintQuote(s.x, 64)
	forge(w.line, badProofs)
	_, err := s.x.Issue(t.Context(), w.url, quote, wallet.MintOptions{})
	id := operationOf(t, err)
	err = s.x.DropQuote(t.Context(), wallet.QuoteMint, w.url, quote, nil)
	if failed, ok := errors.AsType[*wallet.OperationError](err); !ok || failed.ID != id {
		t.Errorf("got %v", err)
	}
}
