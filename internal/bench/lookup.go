package bench

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"mintmark/cashu"
)

// lookup is a scenario that only reads: a few bodies are made beforehand and
// asked again and again, each with the answer that it must get.
type lookup struct {
	mint   *mintClient
	path   string
	fill   func(ctx context.Context) ([]question, error)
	tell   func(*Report)
	bodies []question
}

// question is a body and what its answer must be.
type question struct {
	body  []byte
	check func(answer []byte) error
	// right is an answer that has been checked. The same bytes again need not be
	// read again: that would cost this program a good part of what the answer
	// costs the mint.
	right *atomic.Pointer[[]byte]
}

func newQuestion(request any, check func(answer []byte) error) (question, error) {
	body, err := cashu.Encode(request)
	return question{body, check, new(atomic.Pointer[[]byte])}, err
}

func (q question) holds(answer []byte) error {
	if right := q.right.Load(); right != nil && bytes.Equal(*right, answer) {
		return nil
	}
	if err := q.check(answer); err != nil {
		return err
	}
	kept := bytes.Clone(answer)
	q.right.Store(&kept)
	return nil
}

// differentQuestions is how many bodies there are: enough that no cache of whole
// requests answers from the last one alone, few enough to be made quickly.
const differentQuestions = 16

func (s *lookup) prepare(ctx context.Context, _ int) (err error) {
	if s.bodies == nil {
		s.bodies, err = s.fill(ctx)
	}
	return err
}

func (s *lookup) worker() worker {
	return &lookupWorker{s: s, wire: newConn(s.mint.target, s.mint.timeout)}
}

func (s *lookup) floor(Floor) time.Duration { return 0 }

func (s *lookup) describe(r *Report) {
	s.mint.describe(r)
	s.tell(r)
}

type lookupWorker struct {
	s    *lookup
	wire *conn
}

func (w *lookupWorker) open(ctx context.Context) error { return w.wire.open(ctx) }
func (w *lookupWorker) close()                         { w.wire.close() }
func (w *lookupWorker) sampler() *sampler              { return nil }

func (w *lookupWorker) operate(ctx context.Context) (time.Duration, error) {
	q := w.s.bodies[rand.IntN(len(w.s.bodies))]
	reply, took, err := w.wire.exchange(ctx, http.MethodPost, w.s.path, q.body)
	if err != nil {
		return took, err
	}
	if reply.Status != http.StatusOK {
		return took, refusal(reply)
	}
	return took, q.holds(reply.Body)
}
