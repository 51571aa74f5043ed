package sample

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestTheFirstAnswerAfterAPauseIsAlwaysPicked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s Sampler
		for range 20 {
			if i, ok := s.Pick(2); !ok || i < 0 || i > 1 {
				t.Fatalf("picked %d, %v", i, ok)
			}
			time.Sleep(pause)
		}
	})
}

func TestUnderLoadOneSignatureInManyIsPicked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, size := range []int{1, 2, 10, oneIn, 1000} {
			var s Sampler
			picked, seen := 0, map[int]bool{}
			const answers = 20000
			for range answers {
				if i, ok := s.Pick(size); ok {
					picked++
					seen[i] = true
				}
			}
			want := answers * min(size, oneIn) / oneIn
			if picked < want*8/10 || picked > want*12/10+1 {
				t.Errorf("of %d answers of %d signatures %d were picked, want about %d", answers, size, picked, want)
			}
			if len(seen) < min(size, 900) {
				t.Errorf("of %d places only %d were ever picked", size, len(seen))
			}
		}
	})
}
