// Package storetest is the suite that every mint.Store must pass: what the mint
// relies on when money is at stake, one named case for each rule.
//
// It trusts nothing but the interface: it looks at a store only through the
// methods that the mint has. It must never know which database is behind it.
package storetest

import (
	"slices"
	"testing"

	"mintmark/mint"
)

// Run runs every case on a store of its own. open returns an empty store that
// lives until the end of the test t.
func Run(t *testing.T, open func(t testing.TB) mint.Store) {
	t.Helper()
	for _, c := range all() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(newKit(t, open(t)))
		})
	}
}

// testCase is one rule. Its name reads as a sentence.
type testCase struct {
	name string
	run  func(k *kit)
}

func all() []testCase {
	return slices.Concat(
		proofCases(), proofValueCases(),
		outputCases(), signatureCases(),
		sagaCases(), leaseCases(),
		quoteCases(), quoteMoneyCases(), paymentCases(), asideCases(), pruneCases(), meltCases(), feeCases(),
		keysetCases(), totalsCases(),
		transactionCases(), concurrencyCases(), lifeCases(),
		authTokenCases(),
	)
}
