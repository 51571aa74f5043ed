package mintclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"mintmark/cashu"
)

// ticket shows a number, another one each time.
type ticket struct {
	n       int
	paths   []string
	fails   error // of For
	failsAt int   // the call that fails; 0: every one
	refused []cashu.Code
	better  bool
}

func (k *ticket) For(_ context.Context, method, path string) (http.Header, error) {
	k.n++
	k.paths = append(k.paths, method+" "+path)
	if k.failsAt != 0 && k.n != k.failsAt {
		return http.Header{"Blind-Auth": {fmt.Sprint(k.n)}}, nil
	}
	return http.Header{"Blind-Auth": {fmt.Sprint(k.n)}}, k.fails
}

func (k *ticket) Refused(_ context.Context, _, _ string, shown http.Header, why *Refusal) bool {
	if shown.Get(BlindAuthHeader) != fmt.Sprint(k.n) {
		return false
	}
	k.refused = append(k.refused, why.Code)
	return k.better
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// guarded is a mint that answers requests in turn with these statuses and codes.
func guarded(t *testing.T, k *ticket, answers ...string) (c *Client, shown func() []string) {
	t.Helper()
	var seen []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get(BlindAuthHeader))
		var status, code int
		if _, err := fmt.Sscanf(answers[min(len(seen), len(answers))-1], "%d %d", &status, &code); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"detail":"x","code":%d,"signatures":[]}`, code)
	}))
	t.Cleanup(s.Close)
	c, err := New(Config{URL: s.URL, Passes: k})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, func() []string { return seen }
}

func TestARequestThatWasNotLetInIsSentOnceMoreAtMost(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		answers []string
		better  bool
		shown   []string
		want    error
	}{
		"let in":                           {[]string{"200 0"}, true, []string{"1"}, nil},
		"let in the second time":           {[]string{"400 31002", "200 0"}, true, []string{"1", "2"}, nil},
		"never let in":                     {[]string{"400 31001"}, true, []string{"1", "2"}, cashu.ErrBlindAuthRequired},
		"with nothing better to show":      {[]string{"400 30002", "200 0"}, false, []string{"1"}, cashu.ErrClearAuthFailed},
		"by the numbers of nutshell":       {[]string{"400 80001", "200 0"}, true, []string{"1", "2"}, nil},
		"refused for something else":       {[]string{"400 11001", "200 0"}, true, []string{"1"}, cashu.ErrProofsSpent},
		"an answer that proves nothing":    {[]string{"500 31001", "200 0"}, true, []string{"1"}, cashu.ErrBlindAuthRequired},
		"something else the second time":   {[]string{"400 31001", "400 11005"}, true, []string{"1", "2"}, cashu.ErrUnbalanced},
		"too many tokens, with their code": {[]string{"400 81004"}, true, []string{"1"}, cashu.ErrBlindAuthLimited},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, shown := guarded(t, &ticket{better: tc.better}, tc.answers...)
			_, err := c.Swap(t.Context(), cashu.SwapRequest{})
			if !errors.Is(err, tc.want) || err != nil && !Sent(err) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
			if got := shown(); !slices.Equal(got, tc.shown) {
				t.Errorf("the mint was shown %q, want %q", got, tc.shown)
			}
		})
	}
}

func TestARequestThatHasNothingToShowDoesNotLeave(t *testing.T) {
	t.Parallel()
	why := fmt.Errorf("no login: %w", &Refusal{Code: cashu.CodeMalformed, Status: 400})
	c, shown := guarded(t, &ticket{fails: why}, "200 0")
	_, err := c.Swap(t.Context(), cashu.SwapRequest{})
	if !errors.Is(err, ErrNotAdmitted) || !errors.Is(err, why) || Sent(err) || Final(err) {
		t.Errorf("got %v, sent %v, final %v", err, Sent(err), Final(err))
	}
	if n := len(shown()); n != 0 {
		t.Errorf("%d requests left", n)
	}
}

// The first attempt has left, whatever keeps the second one from leaving: nothing says
// that the mint has not seen the request.
func TestARequestThatWasNotLetInHasLeft(t *testing.T) {
	t.Parallel()
	why := errors.New("nobody has logged in")
	for name, fails := range map[string]error{
		"nothing to show":     why,
		"nobody to ask":       fmt.Errorf("%w: asking for tokens: %w", why, ErrNotSent),
		"nobody that answers": fmt.Errorf("%w: asking for tokens: %w", why, ErrNoAnswer),
	} {
		c, shown := guarded(t, &ticket{better: true, fails: fails, failsAt: 2}, "400 30001")
		_, err := c.Swap(t.Context(), cashu.SwapRequest{})
		if !Sent(err) || !Final(err) || !errors.Is(err, cashu.ErrClearAuthRequired) || !errors.Is(err, why) {
			t.Errorf("%s: got %v, sent %v, final %v", name, err, Sent(err), Final(err))
		}
		if got := shown(); !slices.Equal(got, []string{"1"}) {
			t.Errorf("%s: the mint was shown %q", name, got)
		}
	}
	// Nor does it if the second one finds nobody there.
	k := &ticket{better: true}
	c, _ := guarded(t, k, "400 31002")
	way := c.http.Transport
	c.http.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Header.Get(BlindAuthHeader) == "2" {
			return nil, &net.OpError{Op: "dial", Err: why}
		}
		return way.RoundTrip(r)
	})
	if _, err := c.Swap(t.Context(), cashu.SwapRequest{}); !Sent(err) || !errors.Is(err, cashu.ErrBlindAuthFailed) {
		t.Errorf("got %v, sent %v", err, Sent(err))
	}
}

// What a request needs hangs on its path as mints publish it.
func TestPassesAreAskedForThePathThatTheMintKnows(t *testing.T) {
	t.Parallel()
	k := &ticket{}
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	c, err := New(Config{URL: s.URL + "/some/where", Passes: k})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = c.MintQuote(t.Context(), "bolt11", "a b/c")
	if want := []string{"GET /v1/mint/quote/bolt11/a b/c"}; !slices.Equal(k.paths, want) {
		t.Errorf("asked for %q, want %q", k.paths, want)
	}
}
