package httpapi

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"mintmark/cashu"
	"mintmark/mint"
)

// unitAuth marks keysets that are shown on routes of their own (NUT-22).
const unitAuth cashu.Unit = "auth"

// keysetPages are the answers about keysets, rendered once for each view and
// served from memory.
type keysetPages struct {
	current atomic.Pointer[renderedView]
	mu      sync.Mutex // one rendering at a time
}

// renderedView is one view's answers. The pages of single keysets are rendered
// when they are first asked for: there may be many, and few are.
type renderedView struct {
	view  *mint.KeysetView
	money shelf
	auth  shelf    // keysets for authentication (NUT-22)
	byID  sync.Map // cashu.KeysetID to page
}

// shelf is the answers about keysets of one purpose.
type shelf struct{ keys, keysets page }

type page struct {
	body []byte
	etag string
}

// keys is GET /v1/keys (NUT-01): the active keysets.
func (a *api) keys(w http.ResponseWriter, r *http.Request) error {
	return a.serveShelf(w, r, func(v *renderedView) page { return v.money.keys })
}

// keysetList is GET /v1/keysets (NUT-02): every keyset that ever was.
func (a *api) keysetList(w http.ResponseWriter, r *http.Request) error {
	return a.serveShelf(w, r, func(v *renderedView) page { return v.money.keysets })
}

// authKeys is GET /v1/auth/blind/keys (NUT-22).
func (a *api) authKeys(w http.ResponseWriter, r *http.Request) error {
	return a.serveShelf(w, r, func(v *renderedView) page { return v.auth.keys })
}

// authKeysetList is GET /v1/auth/blind/keysets (NUT-22).
func (a *api) authKeysetList(w http.ResponseWriter, r *http.Request) error {
	return a.serveShelf(w, r, func(v *renderedView) page { return v.auth.keysets })
}

func (a *api) serveShelf(w http.ResponseWriter, r *http.Request, which func(*renderedView) page) error {
	v, err := a.keysets.of(a.mint.Keysets())
	if err != nil {
		return err
	}
	servePage(w, r, which(v))
	return nil
}

// keysOf is GET /v1/keys/{id} (NUT-01): one keyset, active or not.
func (a *api) keysOf(w http.ResponseWriter, r *http.Request) error { return a.keysetOf(w, r, false) }

// authKeysOf is GET /v1/auth/blind/keys/{id} (NUT-22).
func (a *api) authKeysOf(w http.ResponseWriter, r *http.Request) error { return a.keysetOf(w, r, true) }

func (a *api) keysetOf(w http.ResponseWriter, r *http.Request, auth bool) error {
	id, err := cashu.ParseKeysetID(r.PathValue("id"))
	if err != nil {
		return cashu.ErrKeysetUnknown
	}
	v, err := a.keysets.of(a.mint.Keysets())
	if err != nil {
		return err
	}
	p, err := v.of(id, auth)
	if err != nil {
		return err
	}
	servePage(w, r, p)
	return nil
}

// errNoKeysets: the signatory has not been reached once. An empty list would be a
// lie that wallets remember.
var errNoKeysets = cashu.Errorf(cashu.CodeUnavailable, "the mint has no keysets yet")

// of returns the rendered answers for the view that is current right now. Views
// never change, so the same pointer is the same answer.
func (k *keysetPages) of(view *mint.KeysetView) (*renderedView, error) {
	if len(view.All()) == 0 {
		return nil, errNoKeysets
	}
	if v := k.current.Load(); v != nil && v.view == view {
		return v, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if v := k.current.Load(); v != nil && v.view == view {
		return v, nil
	}
	v, err := render(view)
	if err != nil {
		return nil, err
	}
	k.current.Store(v)
	return v, nil
}

func render(view *mint.KeysetView) (v *renderedView, err error) {
	v = &renderedView{view: view}
	if v.money, err = renderShelf(ordered(view.All(), false)); err != nil {
		return nil, err
	}
	v.auth, err = renderShelf(ordered(view.All(), true))
	return v, err
}

func renderShelf(all []*cashu.Keyset) (s shelf, err error) {
	keys := cashu.KeysResponse{Keysets: []cashu.KeysetKeys{}}
	list := cashu.KeysetsResponse{Keysets: []cashu.KeysetInfo{}}
	for _, ks := range all {
		list.Keysets = append(list.Keysets, cashu.KeysetInfo{
			ID: ks.ID, Unit: ks.Unit, Active: ks.Active, InputFeePPK: ks.InputFeePPK, FinalExpiry: ks.FinalExpiry,
		})
		if ks.Active {
			keys.Keysets = append(keys.Keysets, withKeys(ks))
		}
	}
	if s.keys, err = newPage(keys); err != nil {
		return s, err
	}
	s.keysets, err = newPage(list)
	return s, err
}

// ordered lists the keysets of money, or those for authentication, by unit, then
// id, so that every replica renders the same bytes.
func ordered(all []cashu.Keyset, auth bool) []*cashu.Keyset {
	list := make([]*cashu.Keyset, 0, len(all))
	for i := range all {
		if (all[i].Unit == unitAuth) == auth {
			list = append(list, &all[i])
		}
	}
	slices.SortFunc(list, func(a, b *cashu.Keyset) int {
		return cmp.Or(cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.ID.String(), b.ID.String()))
	})
	return list
}

func withKeys(ks *cashu.Keyset) cashu.KeysetKeys {
	return cashu.KeysetKeys{
		ID: ks.ID, Unit: ks.Unit, Active: ks.Active, InputFeePPK: ks.InputFeePPK,
		FinalExpiry: ks.FinalExpiry, Keys: ks.Keys,
	}
}

// of returns the page of one keyset, of money or for authentication.
func (v *renderedView) of(id cashu.KeysetID, auth bool) (page, error) {
	ks, ok := v.view.Get(id)
	if !ok || (ks.Unit == unitAuth) != auth {
		return page{}, cashu.ErrKeysetUnknown
	}
	if p, ok := v.byID.Load(id); ok {
		return p.(page), nil
	}
	p, err := newPage(cashu.KeysResponse{Keysets: []cashu.KeysetKeys{withKeys(ks)}})
	if err == nil {
		v.byID.Store(id, p)
	}
	return p, err
}

func newPage(v any) (page, error) {
	body, err := cashu.Encode(v)
	if err != nil {
		return page{}, fmt.Errorf("rendering keysets: %w", err)
	}
	sum := sha256.Sum256(body)
	return page{body: body, etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}, nil
}

// servePage lets caches keep the page but ask every time whether it still holds:
// after a rotation a wallet must not see the old keysets.
func servePage(w http.ResponseWriter, r *http.Request, p page) {
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", p.etag)
	if matchesETag(r.Header.Values("If-None-Match"), p.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	writeBody(w, http.StatusOK, "application/json", p.body)
}

// matchesETag compares weakly (RFC 9110, 13.1.2): proxies that compress make
// our tags weak.
func matchesETag(headers []string, etag string) bool {
	for _, header := range headers {
		for candidate := range strings.SplitSeq(header, ",") {
			candidate = strings.TrimSpace(candidate)
			if candidate == "*" || strings.TrimPrefix(candidate, "W/") == etag {
				return true
			}
		}
	}
	return false
}
