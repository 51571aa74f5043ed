package wallet_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint"
	"mintmark/mint/lightning/fake"
	"mintmark/wallet"
)

// without is a way to a mint that says that it lacks some NUTs.
type without struct {
	way  http.RoundTripper
	nuts []string
}

func (o without) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := o.way.RoundTrip(r)
	if err != nil || r.URL.Path != "/v1/info" {
		return resp, err
	}
	defer resp.Body.Close()
	var info map[string]any
	if err := json.UnmarshalRead(resp.Body, &info); err != nil {
		return nil, err
	}
	for _, nut := range o.nuts {
		delete(info["nuts"].(map[string]any), nut)
	}
	text, err := json.Marshal(info)
	if err != nil {
		return nil, err
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	resp.Header.Del("Content-Length")
	return resp, nil
}

// A mint without NUT-08 keeps what it is given too much: it gets exactly the amount,
// its reserve and the fees.
func TestAMintThatGivesNoChangeIsPaidExactly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		coins []cashu.Amount // each minted on its own
		swaps int
		lost  cashu.Amount // besides amount and reserve
	}{
		"after a swap":                      {[]cashu.Amount{256}, 1, 2}, // of one coin, and of a few
		"with coins that fit":               {[]cashu.Amount{64, 32, 4, 1, 1, 1, 128}, 0, 1},
		"where a swap costs more than that": {[]cashu.Amount{64, 32, 4, 4}, 0, 2},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorldOf(t, func(b *fake.Config, _ *mint.Config) { b.FeeReserveMin = 2 })
			store := w.openStore(sqldb.Memory)
			x := w.walletBy(store, without{w.line, []string{"8"}}, newSeed(t))
			var had cashu.Amount
			for _, a := range c.coins {
				w.fund(x, a)
				had += a
			}
			q := w.meltQuote(x, 100)
			if q.FeeReserve != 2 {
				t.Fatalf("the reserve is %d", q.FeeReserve)
			}
			paid, err := x.Melt(t.Context(), w.url, q.ID, wallet.MeltOptions{Poll: time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			if n := w.line.count("POST /v1/swap"); n != c.swaps {
				t.Errorf("%d swaps", n)
			}
			if free := w.balance(x, wallet.CoinUnspent); had-free != q.Amount+q.FeeReserve+c.lost {
				t.Errorf("it cost %d, the result says %+v", had-free, paid)
			}
		})
	}
}
