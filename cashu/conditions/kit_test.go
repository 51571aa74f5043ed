package conditions_test

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/conditions"
)

// key is the n-th key of the tests.
func key(t testing.TB, n int) bdhke.Scalar {
	t.Helper()
	sum := sha256.Sum256(fmt.Appendf(nil, "key %d", n))
	s, err := bdhke.NewScalar(sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func publics(t testing.TB, ns ...int) []bdhke.Point {
	t.Helper()
	points := make([]bdhke.Point, len(ns))
	for i, n := range ns {
		points[i] = key(t, n).Public()
	}
	return points
}

// coin is a proof of the secret. Its C is no signature: nobody looks at it here.
func coin(t testing.TB, secret string) cashu.Proof {
	t.Helper()
	id, err := cashu.ParseKeysetID("00bfa73302d12ffd")
	if err != nil {
		t.Fatal(err)
	}
	return cashu.Proof{Amount: 2, ID: id, Secret: secret, C: key(t, -1).Public()}
}

func locked(t testing.TB, l conditions.Lock) cashu.Proof {
	t.Helper()
	secret, err := l.Secret(nil)
	if err != nil {
		t.Fatal(err)
	}
	return coin(t, secret)
}

func output(t testing.TB, amount cashu.Amount, n int) cashu.BlindedMessage {
	t.Helper()
	return cashu.BlindedMessage{Amount: amount, ID: coin(t, "").ID, B: key(t, n).Public()}
}

// sign signs the input with each of the keys.
func sign(t testing.TB, p cashu.Proof, keys ...int) cashu.Proof {
	t.Helper()
	for _, k := range keys {
		if err := conditions.SignInput(&p, key(t, k), nil); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func swap(inputs ...cashu.Proof) conditions.Transaction {
	return conditions.Transaction{Inputs: inputs}
}

func hashOf(preimage [32]byte) [32]byte { return sha256.Sum256(preimage[:]) }

func unix(seconds int64) time.Time { return time.Unix(seconds, 0) }
