package bench

import (
	"context"
	"encoding/hex"
	"fmt"
	"runtime"
	"sync"

	"mintmark/bdhke"
)

// maxSamples bounds how many signatures one worker keeps for checking.
const maxSamples = 256

// sample is a signature that is checked after the clock has stopped: a check
// costs more than a signature, and the machine is the servers' until then.
type sample struct {
	key bdhke.Point
	b   bdhke.Point
	sig signature
}

// sampler keeps the first signature that a worker sees, and every n-th after it.
type sampler struct {
	every   int // 0: none
	seen    int
	kept    []sample
	without int // signatures without a proof: NUT-12 is optional
}

// due counts a signature and tells whether to keep it.
func (s *sampler) due(proven bool) bool {
	if !proven {
		s.without++
		return false
	}
	s.seen++ // the first is kept too, so that each worker has one
	return s.every > 0 && (s.seen-1)%s.every == 0 && len(s.kept) < maxSamples
}

func (s *sampler) see(key, b bdhke.Point, sig signature) {
	if s.due(sig.DLEQ != nil) {
		s.kept = append(s.kept, sample{key, b, sig})
	}
}

// verify tells why a sample is wrong, or nil.
func (s sample) verify() *fault {
	c, err := bdhke.ParsePointHex(s.sig.C)
	if err != nil {
		return wrong(kindSignature, "C_: %v", err)
	}
	var d bdhke.DLEQ
	if err := errorsFirst(hex32(s.sig.DLEQ.E, &d.E), hex32(s.sig.DLEQ.S, &d.S)); err != nil {
		return wrong(kindDLEQ, "%v", err)
	}
	if !bdhke.VerifyDLEQ(s.key, s.b, c, d) {
		return wrong(kindDLEQ, "it does not hold for a signature over %d", s.sig.Amount)
	}
	return nil
}

func hex32(text string, into *[32]byte) error {
	if len(text) != 64 {
		return fmt.Errorf("%d characters instead of 64", len(text))
	}
	_, err := hex.Decode(into[:], []byte(text))
	return err
}

func errorsFirst(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// verifySamples checks on all cores and returns what is wrong.
func verifySamples(ctx context.Context, samples []sample) []*fault {
	found := make([]*fault, len(samples))
	var group sync.WaitGroup
	parts := runtime.GOMAXPROCS(0)
	for part := range parts {
		group.Go(func() {
			for i := part; i < len(samples) && ctx.Err() == nil; i += parts {
				found[i] = samples[i].verify()
			}
		})
	}
	group.Wait()
	var faults []*fault
	for _, f := range found {
		if f != nil {
			faults = append(faults, f)
		}
	}
	return faults
}
