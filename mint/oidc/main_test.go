package oidc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"os"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// TestMain has the library look at every type once that it writes. It remembers how,
// with a sync.WaitGroup that belongs to whoever was first: to the bubble of a test, and
// a test outside of it that waits for it, too, can crash.
func TestMain(m *testing.M) {
	if err := writeEachType(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func writeEachType() error {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	key := jose.JSONWebKey{Key: k, KeyID: "one", Algorithm: "ES256", Use: "sig"}
	if _, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}}); err != nil {
		return err
	}
	opts := (&jose.SignerOptions{}).WithType("at+jwt").WithHeader("jku", "text").WithHeader("jwk", key.Public()).
		WithHeader("x5c", []string{"text"}).WithHeader("x-list", []any{"text"}).WithHeader("x-yes", true).WithHeader("x-map", map[string]any{"is": 1})
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, opts)
	if err != nil {
		return err
	}
	signed, err := s.Sign([]byte("{}"))
	if err != nil {
		return err
	}
	_, err = signed.CompactSerialize()
	return err
}
