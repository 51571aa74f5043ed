package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"mintmark/cashu"
	"mintmark/wallet/mintclient"
)

// startService is the service behind Lightning addresses: lunch@ makes honest invoices
// of a mint, thief@ such over ten times as much.
func startService(t *testing.T, mintURL string) (host string) {
	t.Helper()
	mint, err := mintclient.New(mintclient.Config{URL: mintURL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(mint.Close)
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, paying := strings.CutPrefix(r.URL.Path, "/pay/")
		if !paying {
			name = strings.TrimPrefix(r.URL.Path, "/.well-known/lnurlp/")
			fmt.Fprintf(w, `{"tag":"payRequest","callback":"%s/pay/%s","minSendable":1000,"maxSendable":100000000,"metadata":"[[\"text/plain\",\"Lunch \\u001b[31m\"]]","commentAllowed":20}`, s.URL, name)
			return
		}
		msat, _ := strconv.ParseUint(r.URL.Query().Get("amount"), 10, 64)
		if name == "thief" {
			msat *= 10
		}
		q, err := mint.CreateMintQuote(context.WithoutCancel(r.Context()), "bolt11", mintclient.MintQuoteRequest{Amount: cashu.Amount(msat / 1000), Unit: cashu.UnitSat})
		if err != nil {
			fmt.Fprintf(w, `{"status":"ERROR","reason":"%v"}`, err)
			return
		}
		fmt.Fprintf(w, `{"pr":%q,"routes":[]}`, q.Request)
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}
