//go:build timing

package mintkey_test

import (
	"testing"

	"mintmark/bdhke"
	"mintmark/bdhke/mintkey"
	"mintmark/internal/timing"
)

// What somebody who asks for signatures can time: the whole of signing and of
// verifying, under a fixed private key and under random ones. The controls of
// this test are those of bdhke/internal/curve.
func TestTheTimeOfSigningDoesNotDependOnTheKey(t *testing.T) {
	message := point(t, blinded)
	secret := []byte("407915bc212be61a77e3e6d2aeb4c727980bda51cd06a6afc29e2861768a7837")
	operations := map[string]func(mintkey.Key) error{
		"sign": func(k mintkey.Key) error {
			_, _, err := k.SignWithDLEQ(message)
			return err
		},
		"verify": func(k mintkey.Key) error {
			k.Verify(secret, message)
			return nil
		},
		// The signatures are false, so this is the sum and then the first of them.
		"verify a batch": func(k mintkey.Key) error {
			mintkey.VerifyAll([]mintkey.Claim{{Key: k, Secret: secret, C: message}, {Key: k, Secret: secret, C: message}, {Key: k, C: message}})
			return nil
		},
	}
	for name, operation := range operations {
		for _, fixed := range []string{one, order[:63] + "0"} {
			t.Run(name+"/"+fixed[:4], func(t *testing.T) {
				r := timing.Measure(timing.Subject{
					Fixed:   [32]byte(unhex(t, fixed)),
					Samples: 4000,
					Prepare: func(b [32]byte) func() {
						k, err := mintkey.Parse(b[:])
						if err != nil {
							t.Fatal(err)
						}
						return func() {
							if err := operation(k); err != nil {
								t.Error(err)
							}
						}
					},
				})
				t.Logf("%s: %s", bdhke.Backend, r)
				if r.Leaks() {
					t.Errorf("the time depends on the key: %+v", r.Rounds)
				}
			})
		}
	}
}
