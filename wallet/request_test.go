package wallet_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"mintmark/cashu"
	"mintmark/cashu/paymentrequest"
	"mintmark/wallet"
)

func TestAPaymentRequestIsPaidOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	payer, _ := w.wallet()
	payee, _ := w.walletOf("abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about")
	w.fund(payer, 100)
	key, err := payee.NewKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, lock := range map[string]*paymentrequest.Lock{"plain": nil, "locked": {Kind: "P2PK", Data: key.String()}} {
		t.Run(name, func(t *testing.T) {
			request := paymentrequest.Request{ID: name, Amount: 16, Unit: "sat", Mints: []string{w.url}, Lock: lock}
			var received error
			shop := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				var p paymentrequest.Payload
				if received = cashu.Decode(body, &p); received == nil {
					_, received = payee.ReceivePayload(r.Context(), request, p, wallet.ReceiveOptions{})
				}
				if received != nil {
					rw.WriteHeader(http.StatusBadRequest)
				}
			}))
			defer shop.Close()
			request.Transports = []paymentrequest.Transport{{Kind: paymentrequest.TransportPost, Target: shop.URL}}
			text, err := request.Encode()
			if err != nil {
				t.Fatal(err)
			}
			read, err := paymentrequest.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			before := w.balance(payee, wallet.CoinUnspent)
			_, delivered, err := payer.PayRequest(t.Context(), read, wallet.PayRequestOptions{})
			if err != nil || !delivered || received != nil {
				t.Fatalf("delivered %v: %v, %v", delivered, err, received)
			}
			if got := w.balance(payee, wallet.CoinUnspent) - before; got != 15 {
				t.Errorf("the payee has %d more", got)
			}
		})
	}
}

// The payee's server is down: the token is not lost.
func TestAPaymentThatIsNotDeliveredCanBeTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	payer, _ := w.wallet()
	w.fund(payer, 64)
	request := paymentrequest.Request{Amount: 32, Unit: "sat", Transports: []paymentrequest.Transport{{Kind: "post", Target: "http://127.0.0.1:1/x"}}}
	sent, delivered, err := payer.PayRequest(t.Context(), request, wallet.PayRequestOptions{})
	if !errors.Is(err, wallet.ErrNotDelivered) || delivered || sent.Token == "" {
		t.Fatalf("delivered %v: %v", delivered, err)
	}
	if back, err := payer.Revoke(t.Context(), sent.ID); err != nil || back != 31 {
		t.Errorf("took %d back: %v", back, err)
	}
	if _, _, err := payer.PayRequest(t.Context(), paymentrequest.Request{Amount: 5, Unit: "sat", Mints: []string{"https://else.example"}}, wallet.PayRequestOptions{}); !errors.Is(err, wallet.ErrFunds) {
		t.Errorf("paid from a mint that is not accepted: %v", err)
	}
}
