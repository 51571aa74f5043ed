package httpapi

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"mintmark/cashu"
)

func TestKeysetRoutesShowTheRightKeysets(t *testing.T) {
	t.Parallel()
	active, old := keyset(t, "sat", 1, true), keyset(t, "sat", 11, false)
	usd, auth := keyset(t, "usd", 21, true), keyset(t, "auth", 31, true)
	m := newFakeMint()
	m.setView(viewOf(t, usd, old, auth, active))
	h, _ := server(t, m, nil)
	for _, tt := range []struct {
		name, path string
		status     int
		has, lacks []cashu.Keyset
	}{
		{"keys: the active ones", "/v1/keys", 200, []cashu.Keyset{active, usd}, []cashu.Keyset{old, auth}},
		{"keysets: all of money", "/v1/keysets", 200, []cashu.Keyset{active, usd, old}, []cashu.Keyset{auth}},
		{"one that is inactive", "/v1/keys/" + old.ID.String(), 200, []cashu.Keyset{old}, []cashu.Keyset{active}},
		{"one for authentication", "/v1/keys/" + auth.ID.String(), 400, nil, []cashu.Keyset{auth}},
		{"one that nobody knows", "/v1/keys/00ad268c4d1f5826", 400, nil, nil},
	} {
		w := ask(h, "GET", tt.path, "")
		if w.Code != tt.status {
			t.Errorf("%s: status %d: %s", tt.name, w.Code, w.Body)
		}
		if tt.status == 400 && !strings.Contains(w.Body.String(), "12001") {
			t.Errorf("%s: %s", tt.name, w.Body)
		}
		for _, ks := range tt.has {
			if !strings.Contains(w.Body.String(), ks.ID.String()) {
				t.Errorf("%s: keyset %v of %s is missing", tt.name, ks.ID, ks.Unit)
			}
		}
		for _, ks := range tt.lacks {
			if strings.Contains(w.Body.String(), ks.ID.String()) {
				t.Errorf("%s: keyset %v of %s is there", tt.name, ks.ID, ks.Unit)
			}
		}
	}
}

func TestAMintThatNeverSawItsKeysetsSaysSo(t *testing.T) {
	t.Parallel()
	h, _ := server(t, newFakeMint(), nil)
	for _, path := range []string{"/v1/keys", "/v1/keysets", "/v1/keys/00ad268c4d1f5826"} {
		if w := ask(h, "GET", path, ""); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestARotationIsSeenAtOnceAndAnUnchangedPageIsNotSentAgain(t *testing.T) {
	t.Parallel()
	before, after := keyset(t, "sat", 1, true), keyset(t, "sat", 11, true)
	m := newFakeMint()
	m.setView(viewOf(t, before))
	h, _ := server(t, m, nil)
	for _, path := range []string{"/v1/keys", "/v1/keysets", "/v1/keys/" + before.ID.String()} {
		m.setView(viewOf(t, before))
		first := ask(h, "GET", path, "")
		etag := first.Header().Get("ETag")
		if etag == "" || first.Header().Get("Cache-Control") != "no-cache" {
			t.Fatalf("%s: headers %v", path, first.Header())
		}
		for _, match := range []string{etag, "W/" + etag, `"other", ` + etag, "*"} {
			w := ask(h, "GET", path, "", "If-None-Match", match)
			if w.Code != http.StatusNotModified || w.Body.Len() != 0 || w.Header().Get("ETag") != etag {
				t.Errorf("%s, %s: status %d, %d bytes", path, match, w.Code, w.Body.Len())
			}
		}
		if w := ask(h, "GET", path, "", "If-None-Match", `"other"`); w.Code != 200 {
			t.Errorf("%s: status %d for another tag", path, w.Code)
		}
		// An equal view gives equal bytes, in another process too.
		m.setView(viewOf(t, before))
		if w := ask(h, "GET", path, "", "If-None-Match", etag); w.Code != http.StatusNotModified {
			t.Errorf("%s: status %d after an equal view", path, w.Code)
		}
		rotated := before
		rotated.Active = false
		m.setView(viewOf(t, after, rotated))
		w := ask(h, "GET", path, "", "If-None-Match", etag)
		if w.Code != 200 || w.Body.String() == first.Body.String() {
			t.Errorf("%s: status %d and the old page after a rotation: %s", path, w.Code, w.Body)
		}
	}
}

func TestAPageIsRenderedOncePerView(t *testing.T) {
	t.Parallel()
	ks := keyset(t, "sat", 1, true)
	view := viewOf(t, ks)
	var pages keysetPages
	first, err := pages.of(view)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			again, err := pages.of(view)
			if err != nil || again != first {
				t.Errorf("rendered again (%v)", err)
			}
			p, err := again.of(ks.ID, false)
			q, _ := again.of(ks.ID, false)
			if err != nil || &p.body[0] != &q.body[0] {
				t.Errorf("the page of one keyset was rendered again (%v)", err)
			}
		})
	}
	wg.Wait()
}
