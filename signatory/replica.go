package signatory

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	pb "mintmark/proto/signatory"
)

// condition is how a replica was found.
type condition uint8

const (
	unknown condition = iota
	serving
	idle // answers, and says that it does not sign
	away // nobody listens there
	hung // somebody listens and does not answer
)

func (c condition) String() string {
	return [...]string{"unknown", "serving", "not serving", "away", "hanging"}[c]
}

// replica is one signatory of a Pool.
type replica struct {
	name   string
	client *Client
	log    *slog.Logger

	mu        sync.Mutex
	condition condition
	slow      bool      // was overtaken by another, and has not been quick since
	vetted    bool      // has shown the right identity since it was last lost
	foreign   bool      // has shown another one
	pending   int       // calls under way
	heard     time.Time // when it last answered anything
	lost      context.Context
	lose      context.CancelFunc // ends all calls under way
}

func newReplica(name string, client *Client, log *slog.Logger) *replica {
	r := &replica{name: name, client: client, log: log.With("address", name), heard: time.Now()}
	r.lost, r.lose = context.WithCancel(context.Background())
	return r
}

// watch asks whether the replica is there, again and again, until ctx ends. One
// that takes the question and gives no answer for hangAfter is hanging: calls under
// way are ended, and none is begun until it has answered. known is called for one
// that answers, to find out who it is.
func (r *replica) watch(ctx context.Context, every, hangAfter time.Duration, known func(context.Context)) {
	health := healthpb.NewHealthClient(r.client.conn)
	for ctx.Err() == nil {
		asked := time.Now()
		call, cancel := context.WithTimeout(ctx, hangAfter/2)
		answer, err := health.Check(call, &healthpb.HealthCheckRequest{Service: pb.Signatory_ServiceDesc.ServiceName})
		cancel()
		switch code := status.Code(err); {
		case ctx.Err() != nil:
			return
		case code == codes.DeadlineExceeded:
			r.silent(hangAfter)
		case code == codes.Unavailable:
			r.found(away, false)
		case err == nil && answer.GetStatus() == healthpb.HealthCheckResponse_NOT_SERVING:
			r.found(idle, true)
		default: // also a signatory that knows no health checks has answered
			r.found(serving, true)
		}
		if r.answers() {
			call, cancel := context.WithTimeout(ctx, hangAfter/2)
			known(call)
			cancel()
		}
		if !r.isHung() { // who hangs has been waited for already
			wait(ctx, every-time.Since(asked))
		}
	}
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// found notes how a question was answered.
func (r *replica) found(c condition, answered bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if answered {
		r.heard, r.slow = time.Now(), false
	} else {
		r.vetted = false // whoever comes back has to show who it is
	}
	r.become(c)
}

// silent notes that a question was not answered.
func (r *replica) silent(hangAfter time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slow = true
	if time.Since(r.heard) >= hangAfter {
		r.become(hung)
		r.vetted = false
		r.lose()
	}
}

// become changes the condition. The caller holds mu.
func (r *replica) become(c condition) {
	if r.condition == c {
		return
	}
	level := slog.LevelInfo
	if c == hung || c == away && r.condition != unknown { // at the start it may yet come
		level = slog.LevelWarn
	}
	if c != serving || r.condition != unknown {
		r.log.Log(context.Background(), level, "signatory is "+c.String(), "was", r.condition.String())
	}
	if r.condition == hung {
		r.lost, r.lose = context.WithCancel(context.Background())
	}
	r.condition = c
}

func (r *replica) answers() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.condition == serving || r.condition == idle
}

func (r *replica) isHung() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.condition == hung
}

// rank orders replicas: the lowest is asked first. ok is false for one that must
// not be asked.
func (r *replica) rank() (rank, pending int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.foreign || r.condition == hung {
		return 0, 0, false
	}
	if r.slow {
		rank++
	}
	if !r.vetted {
		rank += 2
	}
	switch r.condition {
	case idle:
		rank += 4
	case away:
		rank += 8
	}
	return rank, r.pending, true
}

// call makes one call, which ends early when the replica turns out to hang.
func (r *replica) call(ctx context.Context, do func(context.Context) error) error {
	r.mu.Lock()
	r.pending++
	lost := r.lost
	r.mu.Unlock()
	own, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(lost, cancel)()
	err := do(own)
	if err != nil && lost.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: %s has stopped answering", ErrUnavailable, r.name)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending--
	if err == nil {
		r.heard = time.Now()
	}
	return err
}

// overtaken notes that somebody waited long enough to ask another.
func (r *replica) overtaken() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slow = true
}

// vet notes whether what the replica has shown is ours, and tells whether that is
// news.
func (r *replica) vet(vetted, foreign bool) (news bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	news = r.foreign != foreign
	r.vetted, r.foreign = vetted, foreign
	return news
}

// lostStream: whoever answers there from now on has to show who it is.
func (r *replica) lostStream() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.vetted = false
}

func (r *replica) isVetted() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.vetted
}
