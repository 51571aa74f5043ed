package wallet_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"mintmark/internal/sqldb"
	"mintmark/wallet"
	"mintmark/wallet/mintclient"
)

// The keys of a new keyset are asked for once in vain: the answer is empty. That is no
// answer, so the keyset does not count as one that makes no sense, and the next call has
// its keys.
func TestAnEmptyAnswerAboutKeysIsNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	w.fund(s.x, 64)
	w.rotate(100)
	left := 1
	w.line.cut(nil, func(r *http.Request, resp *http.Response) error {
		if strings.HasPrefix(r.URL.Path, "/v1/keys/") && left > 0 {
			left--
			resp.Body.Close()
			resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader([]byte("{}"))), 2
		}
		return nil
	})
	if _, err := s.x.RefreshMint(t.Context(), w.url); !errors.Is(err, mintclient.ErrNoAnswer) || left > 0 {
		t.Errorf("got %v", err)
	}
	if got, err := s.x.Swap(t.Context(), w.url, "sat", true); err != nil || got != 63 {
		t.Errorf("the next call: %d, %v", got, err)
	}
	if m, err := s.x.KnownMint(t.Context(), w.url); err != nil || len(m.LeftOut) > 0 {
		t.Errorf("left out is %v, %v", m.LeftOut, err)
	}
	s.must(s.recovered([]wallet.Store{s.xStore, s.yStore}, s.x, s.y))
}
