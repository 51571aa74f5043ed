package signatory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mintmark/cashu"
)

// ask asks one replica. When it fails in a way that another might not, the next is
// asked at once, and when it is slow, the next is asked as well. The first answer
// counts, and the other calls are ended. A call is not worth its whole deadline if
// the only one who could answer hangs: then it ends when that is known.
func ask[T any](ctx context.Context, p *Pool, doing string, do func(context.Context, *replica) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	var (
		none    T
		tried   []*replica
		failed  error
		waiting int
		answers = make(chan answer, len(p.replicas))
	)
	call, cancel := context.WithTimeout(ctx, p.deadline)
	defer cancel()
	next := func() bool {
		r := p.pick(tried)
		if r == nil {
			return false
		}
		tried = append(tried, r)
		waiting++
		go func() {
			var a answer
			a.err = r.call(call, func(ctx context.Context) (err error) {
				a.value, err = do(ctx, r)
				return err
			})
			answers <- a
		}()
		return true
	}
	if !next() {
		return none, nobody(doing)
	}
	hedge := time.NewTimer(p.hedgeAfter)
	defer hedge.Stop()
	for {
		select {
		case a := <-answers:
			waiting--
			if a.err == nil || !elsewhere(a.err) {
				return a.value, a.err
			}
			failed = worse(failed, a.err)
			if next() {
				hedge.Reset(p.hedgeAfter)
			} else if waiting == 0 {
				return none, failed
			}
		case <-hedge.C:
			late := tried[len(tried)-1]
			if next() {
				late.overtaken()
				hedge.Reset(p.hedgeAfter)
			}
		case <-call.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return none, fmt.Errorf("%s: %w", doing, context.Canceled)
			}
			return none, fmt.Errorf("%s: %w: %w", doing, ErrUnavailable, context.DeadlineExceeded)
		}
	}
}

// elsewhere tells whether another replica may do better. What one refuses to sign
// all refuse, except that one may lag behind, may have set apart for itself what is
// left of a budget, or is out of order.
func elsewhere(err error) bool {
	if refusal, ok := errors.AsType[*cashu.Error](err); ok {
		return refusal.Code == cashu.CodeKeysetUnknown || refusal.Code == cashu.CodeRateLimited
	}
	return errors.Is(err, ErrUnavailable) || errors.Is(err, ErrBadAnswer) || errors.Is(err, ErrRefused)
}

// worse is the error that says more: a refusal more than an absence.
func worse(a, b error) error {
	if a == nil {
		return b
	}
	if _, refusal := errors.AsType[*cashu.Error](a); refusal {
		return a
	}
	if _, refusal := errors.AsType[*cashu.Error](b); refusal {
		return b
	}
	return errors.Join(a, b)
}
