package bench

import (
	"bytes"
	"context"
	"runtime"
	"sync"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// maxSamples bounds how many signatures one worker keeps for checking.
const maxSamples = 256

// sample is a signature that is checked after the clock has stopped: a check
// costs more than a signature, and the machine is the servers' until then.
type sample struct {
	key bdhke.Point
	b   bdhke.Point
	sig func() (cashu.BlindSignature, error)
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

// see notes a signature of an answer, the one at this place. The answer is valid only
// now.
func (s *sampler) see(key, b bdhke.Point, sig signature, answer []byte, at int) {
	if s.due(sig.proven()) {
		s.kept = append(s.kept, sample{key, b, inAnswer(bytes.Clone(answer), at)})
	}
}

// inAnswer reads a signature of an answer with the eyes of a wallet.
func inAnswer(answer []byte, at int) func() (cashu.BlindSignature, error) {
	return func() (cashu.BlindSignature, error) {
		var all cashu.SwapResponse
		if err := cashu.Decode(answer, &all); err != nil {
			return cashu.BlindSignature{}, err
		}
		return all.Signatures[at], nil
	}
}

// verify tells why a sample is wrong, or nil.
func (s sample) verify() *fault {
	sig, err := s.sig()
	if err != nil {
		return wrong(kindSignature, "%v", err)
	}
	if !bdhke.VerifyDLEQ(s.key, s.b, sig.C, *sig.DLEQ) {
		return wrong(kindDLEQ, "it does not hold for a signature over %d", sig.Amount)
	}
	return nil
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
