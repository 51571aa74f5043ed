package wallet

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"

	"mintmark/cashu"
	"mintmark/wallet/mintclient"
)

// door is where a mint lets requests in that show what it wants (NUT-21, NUT-22).
type door struct {
	w    *Wallet
	base string

	mu   sync.Mutex
	info mintclient.Info
	at   int64           // when the mint said so
	shut map[string]need // what turned out to be needed, by method and path

	filling sync.Mutex // one batch of tokens at a time
}

var _ mintclient.Passes = (*door)(nil)

// need is what a request must show.
type need struct{ clear, blind bool }

// maxShut bounds what is remembered of a mint that does not say what it wants.
const maxShut = 1000

// learn takes note of what the mint has said just now.
func (d *door) learn(info mintclient.Info, at int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.info, d.at = info, at
}

// says is what the mint has said last, to this process or to another.
func (d *door) says(ctx context.Context) (mintclient.Info, error) {
	known, err := d.w.store.Mint(ctx, d.base)
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case errors.Is(err, ErrNotFound):
		return d.info, nil
	case err != nil:
		return d.info, err
	case d.info.Raw != nil && known.Fetched <= d.at, bytes.Equal(known.Info, d.info.Raw):
		return d.info, nil
	}
	info, err := mintclient.ParseInfo(known.Info)
	if err == nil {
		d.info, d.at = info, known.Fetched
	}
	return d.info, err
}

// open are the requests with which a wallet learns how to get in. Nothing but a user's
// token is ever needed for them, else there would be no way in.
func open(path string) bool {
	return path == "/v1/info" || strings.HasPrefix(path, "/v1/auth/")
}

// needs is what a request must show, by the mint's own words and by what it has
// refused before.
func (d *door) needs(info mintclient.Info, method, path string) need {
	clear, loggedIn := info.ClearAuth()
	blind, _ := info.BlindAuth()
	d.mu.Lock()
	n := d.shut[method+" "+path]
	d.mu.Unlock()
	covers := func(list []cashu.ProtectedEndpoint) bool {
		return slices.ContainsFunc(list, func(e cashu.ProtectedEndpoint) bool { return e.Matches(method, path) })
	}
	n.clear = n.clear || covers(clear.ProtectedEndpoints) || loggedIn && path == authMintPath
	n.blind = (n.blind || covers(blind.ProtectedEndpoints)) && !open(path)
	return n
}

const authMintPath = "/v1/auth/blind/mint"

// For finds what a request must show. It is asked before every request, so a request
// that is repeated shows another blind token.
func (d *door) For(ctx context.Context, method, path string) (http.Header, error) {
	info, err := d.says(ctx)
	if err != nil {
		return nil, err
	}
	n := d.needs(info, method, path)
	h := http.Header{}
	if n.clear {
		from, _ := info.ClearAuth()
		token, err := d.w.clearToken(ctx, from, d.base, "")
		if err != nil {
			return nil, err
		}
		h.Set(mintclient.ClearAuthHeader, token)
	}
	if n.blind {
		token, err := d.blindToken(ctx, info)
		if err != nil {
			return nil, err
		}
		h.Set(mintclient.BlindAuthHeader, token)
	}
	return h, nil
}

// Refused hears that a request was not let in: the mint wants more than it has said,
// or does not take a token any more.
func (d *door) Refused(ctx context.Context, method, path string, shown http.Header, why *mintclient.Refusal) bool {
	clear, blind := shown.Get(mintclient.ClearAuthHeader), shown.Get(mintclient.BlindAuthHeader)
	switch why.Code {
	case cashu.CodeClearAuthRequired:
		return clear == "" && d.note(ctx, method, path, need{clear: true})
	case cashu.CodeBlindAuthRequired:
		return blind == "" && d.note(ctx, method, path, need{blind: true})
	case cashu.CodeClearAuthFailed:
		info, err := d.says(ctx)
		if err != nil || clear == "" {
			return false
		}
		from, _ := info.ClearAuth()
		_, err = d.w.clearToken(ctx, from, d.base, clear)
		return err == nil
	case cashu.CodeBlindAuthFailed:
		// Tokens are used once, so this one was not used: the mint does not take
		// those of its keyset any more.
		token, err := cashu.ParseBlindAuthToken(blind)
		if err == nil {
			err = d.w.store.Update(ctx, func(tx Tx) error { return tx.DropAuthTokens(ctx, d.base, token.ID) })
		}
		return err == nil
	}
	return false
}

// note remembers what a request needs that the mint has said nothing of, and asks the
// mint what else has changed.
func (d *door) note(ctx context.Context, method, path string, more need) bool {
	if open(path) && path != authMintPath {
		return false
	}
	c, err := d.w.client(d.base)
	if err != nil {
		return false
	}
	info, err := c.Info(ctx)
	if err != nil {
		return false
	}
	d.learn(info, d.w.now().Unix())
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shut == nil || len(d.shut) >= maxShut {
		d.shut = map[string]need{}
	}
	n := d.shut[method+" "+path]
	d.shut[method+" "+path] = need{clear: n.clear || more.clear, blind: n.blind || more.blind}
	return true
}
