package wallet_test

import (
	"testing"

	"mintmark/wallet"
)

// A benchmark here is one operation against a real mint in this process, over HTTP on
// the loopback; the wallet's database is a file, the mint's are in memory. What the
// mint does for it is a part of the time.

// BenchmarkIssue is a quote, its payment and ten coins for it.
func BenchmarkIssue(b *testing.B) {
	w := newWorld(b)
	x, _ := w.wallet()
	for b.Loop() {
		w.fund(x, 1023)
	}
}

// BenchmarkSend sends what a swap has to make first.
func BenchmarkSend(b *testing.B) {
	w := newWorld(b)
	x, _ := w.wallet()
	for b.Loop() {
		b.StopTimer()
		w.fund(x, 1<<10) // one coin
		b.StartTimer()
		if _, err := x.Send(b.Context(), w.url, "sat", wallet.SendOptions{Amount: 300}); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		emptied(b, w, x)
		b.StartTimer()
	}
}

// BenchmarkSendWhatFits sends a coin that is there: no request.
func BenchmarkSendWhatFits(b *testing.B) {
	w := newWorld(b)
	x, _ := w.wallet()
	for b.Loop() {
		b.StopTimer()
		w.fund(x, 1<<10)
		b.StartTimer()
		if _, err := x.Send(b.Context(), w.url, "sat", wallet.SendOptions{Amount: 1 << 10}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReceive receives a token of ten coins.
func BenchmarkReceive(b *testing.B) {
	w := newWorld(b)
	x, _ := w.wallet()
	y, _ := w.walletOf("legal winner thank year wave sausage worth useful legal winner thank yellow")
	for b.Loop() {
		b.StopTimer()
		w.fund(x, 1023)
		sent, err := x.Send(b.Context(), w.url, "sat", wallet.SendOptions{Amount: 1023})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if _, err := y.Receive(b.Context(), sent.Token, wallet.ReceiveOptions{AnyMint: true}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRestore brings a wallet back from its words.
func BenchmarkRestore(b *testing.B) {
	w := newWorld(b)
	x, _ := w.wallet()
	for range 100 {
		w.fund(x, 1023) // ten coins
	}
	for b.Loop() {
		b.StopTimer()
		again, _ := w.wallet()
		b.StartTimer()
		got, err := again.Restore(b.Context(), w.url, wallet.RestoreOptions{})
		if err != nil {
			b.Fatal(err)
		}
		if got.Unspent["sat"] != 100*1023 {
			b.Fatalf("restored %+v", got)
		}
	}
	b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "coins/s")
}

// emptied gives away all that a wallet has.
func emptied(b *testing.B, w *world, x *wallet.Wallet) {
	b.Helper()
	if rest := w.balance(x, wallet.CoinUnspent); rest > 0 {
		if _, err := x.Send(b.Context(), w.url, "sat", wallet.SendOptions{Amount: rest}); err != nil {
			b.Fatal(err)
		}
	}
}
