package conditions

import (
	"runtime"
	"sync"
	"sync/atomic"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/schnorr"
)

// Verify checks the signatures, on all cores when there are several inputs, and
// stops at the first input whose condition is not met. The refusal is a
// *cashu.Error and does not say which one it was.
func (s *Spend) Verify() error {
	if s.refusal != nil {
		return s.refusal
	}
	var next atomic.Int64
	var failed atomic.Bool
	work := func() {
		for !failed.Load() {
			i := int(next.Add(1)) - 1
			if i >= len(s.demands) {
				return
			}
			if !s.demands[i].met() {
				failed.Store(true)
			}
		}
	}
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(s.demands)) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	if failed.Load() {
		return cashu.Errorf(cashu.CodeProofInvalid, "spending condition is not met: signatures of the right keys are missing")
	}
	return nil
}

// met tells whether one pathway is met by itself: signatures of two pathways do
// not add up.
func (d *demand) met() bool {
	for _, p := range d.paths {
		if p.met(d.hash, d.sigs) {
			return true
		}
	}
	return false
}

// met counts the keys that signed, each once however many signatures it gave.
func (p pathway) met(hash [32]byte, sigs []schnorr.Signature) bool {
	keys := make([]schnorr.PublicKey, len(p.keys))
	signed := make([]bool, len(p.keys))
	count := 0
	for i, sig := range sigs {
		if count+len(sigs)-i < p.need {
			return false
		}
		// Wallets tend to sign in the order of the keys, so start with the
		// key in the signature's place.
		for j := range p.keys {
			k := (i + j) % len(p.keys)
			if signed[k] {
				continue
			}
			if keys[k] == (schnorr.PublicKey{}) {
				keys[k] = schnorr.NewPublicKey(p.keys[k])
			}
			if keys[k].Verify(hash, sig) {
				signed[k] = true
				count++
				break
			}
		}
		if count >= p.need {
			return true
		}
	}
	return false
}

// holds tells whether the key, or its twin, is one of the pathway's.
func (p pathway) holds(key bdhke.Point) bool {
	for _, k := range p.keys {
		if sameX(k, key) {
			return true
		}
	}
	return false
}
