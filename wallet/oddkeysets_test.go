package wallet_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/keystore"
	"mintmark/wallet"
)

// A mint lists keysets that make no sense, beside good ones: a unit that is none, keys
// that are not there, keys of another keyset. They are left out, which is said, and the
// rest works.
func TestOneOddKeysetDoesNotCloseAMint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var fee uint64
	odd, err := w.keys.Rotate(t.Context(), keystore.RotateParams{Unit: "usd", InputFeePPK: &fee, Amounts: []cashu.Amount{1, 2}})
	if err != nil {
		t.Fatal(err)
	}
	w.heard()
	for _, tt := range []struct {
		name, path string
		change     func(text string) string
		status     int
	}{
		{"a strange unit", "/v1/keysets", func(text string) string { return strings.Replace(text, `"usd"`, `"$ (US)"`, 1) }, 0},
		{"a unit that is a number", "/v1/keysets", func(text string) string { return strings.Replace(text, `"usd"`, `7`, 1) }, 0},
		{"a strange fee", "/v1/keysets", func(text string) string {
			at := strings.Index(text, `"usd"`)
			return text[:at] + strings.Replace(text[at:], `"input_fee_ppk":0`, `"input_fee_ppk":-1`, 1)
		}, 0},
		{"keys that are missing", "/v1/keys/" + odd.ID.String(), func(string) string { return `{"detail":"keyset is not known","code":12001}` }, 400},
		{"no keys", "/v1/keys/" + odd.ID.String(), func(string) string { return `{"keysets":[]}` }, 0},
		{"keys of nothing", "/v1/keys/" + odd.ID.String(), func(text string) string { return strings.Replace(text, `"1":"0`, `"1":"f`, 1) }, 0},
		{"keys of another keyset", "/v1/keys/" + odd.ID.String(), func(text string) string { return strings.Replace(text, `"1":`, `"4":`, 1) }, 0},
	} {
		w.line.cut(nil, func(r *http.Request, resp *http.Response) error {
			if r.URL.Path != tt.path {
				return nil
			}
			text, err := io.ReadAll(resp.Body)
			body := tt.change(string(text))
			if body == string(text) {
				t.Errorf("%s: the test changes nothing in %s", tt.name, text)
			}
			resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
			if tt.status != 0 {
				resp.StatusCode = tt.status
			}
			return err
		})
		x, _ := w.wallet()
		if m, err := x.RefreshMint(t.Context(), w.url); err != nil || len(m.Keysets) == 0 {
			t.Errorf("%s: %d keysets, %v", tt.name, len(m.Keysets), err)
			continue
		}
		m, err := x.KnownMint(t.Context(), w.url)
		if err != nil || len(m.LeftOut) != 1 || !strings.Contains(m.LeftOut[0], odd.ID.String()) {
			t.Errorf("%s: left out are %q, %v", tt.name, m.LeftOut, err)
		}
		if _, ok := m.Keyset(odd.ID); ok {
			t.Errorf("%s: it is used", tt.name)
		}
		w.line.cut(nil, nil)
		if m, err := x.RefreshMint(t.Context(), w.url); err != nil || len(m.LeftOut) != 0 {
			t.Errorf("%s: when it is mended: %q, %v", tt.name, m.LeftOut, err)
		} else if _, ok := m.Keyset(odd.ID); !ok {
			t.Errorf("%s: when it is mended it is not there", tt.name)
		}
	}
	// That nobody answers is no reason to leave one out.
	w.line.cut(func(r *http.Request) error {
		if r.URL.Path == "/v1/keys/"+odd.ID.String() {
			return io.ErrUnexpectedEOF
		}
		return nil
	}, nil)
	x, _ := w.wallet()
	if _, err := x.RefreshMint(t.Context(), w.url); err == nil {
		t.Error("a keyset was left out because of the line")
	}
}

// A keyset that made no sense when the mint was asked is there a minute after it does.
func TestAKeysetThatMadeNoSenseIsAskedForAgainSoon(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, path := range map[string]string{"its keys": "/v1/keys/", "the list": "/v1/keysets"} {
		w.rewrite(path, `"1":"0`, `"1":"f`)
		if path == "/v1/keysets" {
			w.rewrite(path, `"active":true`, `"active":false`)
		}
		x, _ := w.wallet()
		if _, err := x.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 5}); err == nil {
			t.Errorf("%s: there is a keyset to make coins with", name)
		}
		w.line.cut(nil, nil)
		w.later(61 * time.Second)
		if _, err := x.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 5}); err != nil {
			t.Errorf("%s: a minute later: %v", name, err)
		}
	}
}
