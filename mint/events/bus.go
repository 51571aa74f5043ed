package events

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// A text on the bus is base64 of the sender's name and of the hashes of topics,
// eight bytes each. One without any hash doubts everything.
const (
	senderSize, hashSize = 8, 8
	// maxHashes in one text: PostgreSQL carries less than 8000 characters.
	maxHashes = 700
	// gather is how long changes wait for more, so that many go together.
	gather = 5 * time.Millisecond
	// maxUnsent is how many topics wait to be sent; beyond it everything is
	// doubted instead.
	maxUnsent = 50_000
	// sendTimeout bounds one sending, and sendRetry is the pause after one that
	// failed.
	sendTimeout, sendRetry = 5 * time.Second, time.Second
)

// hashOf is the name of a topic on the bus. The names of quotes are secret and
// cannot be guessed; whoever listens learns from the hash only that one changed.
func hashOf(t Topic) uint64 {
	h := sha256.New()
	h.Write([]byte(t.Kind))
	h.Write([]byte{0})
	h.Write([]byte(t.ID))
	return binary.BigEndian.Uint64(h.Sum(nil))
}

// outbox gathers what the other processes must know.
type outbox struct {
	bus    Bus
	log    *slog.Logger
	sender [senderSize]byte // to know our own texts by

	mu     sync.Mutex
	topics map[Topic]struct{}
	all    bool
	wake   chan struct{} // one token: something is there
}

func newOutbox(bus Bus, log *slog.Logger) *outbox {
	o := &outbox{bus: bus, log: log, topics: map[Topic]struct{}{}, wake: make(chan struct{}, 1)}
	_, _ = rand.Read(o.sender[:]) // never fails
	return o
}

func (o *outbox) add(changes []Change) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.all {
		return
	}
	for _, c := range changes {
		o.topics[c.Topic] = struct{}{}
	}
	if len(o.topics) > maxUnsent {
		o.all = true
		clear(o.topics)
	}
	signal(o.wake)
}

func (o *outbox) addAll() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = true
	clear(o.topics)
	signal(o.wake)
}

func (o *outbox) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			o.last(ctx)
			return
		case <-o.wake:
		}
		select {
		case <-time.After(gather):
		case <-ctx.Done():
			o.last(ctx)
			return
		}
		if err := o.send(ctx); err != nil && ctx.Err() == nil {
			o.log.Warn("cannot tell other processes what has changed", "error", err)
			select {
			case <-time.After(sendRetry):
			case <-ctx.Done():
			}
		}
	}
}

// last sends what is left when everything ends.
func (o *outbox) last(ctx context.Context) {
	if err := o.send(context.WithoutCancel(ctx)); err != nil {
		o.log.Warn("other processes were not told of the last changes, and will find them", "error", err)
	}
}

// send sends all that is there. What could not be sent is lost by name and
// becomes a doubt about everything.
func (o *outbox) send(ctx context.Context) error {
	o.mu.Lock()
	topics, all := o.topics, o.all
	o.topics, o.all = map[Topic]struct{}{}, false
	o.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	err := o.sendTopics(ctx, topics, all)
	if err != nil {
		o.addAll()
	}
	return err
}

func (o *outbox) sendTopics(ctx context.Context, topics map[Topic]struct{}, all bool) error {
	head := o.sender[:]
	if all {
		return o.bus.Send(ctx, base64.RawStdEncoding.EncodeToString(head))
	}
	text := append(make([]byte, 0, senderSize+min(len(topics), maxHashes)*hashSize), head...)
	for t := range topics {
		text = binary.BigEndian.AppendUint64(text, hashOf(t))
		if len(text) == senderSize+maxHashes*hashSize {
			if err := o.bus.Send(ctx, base64.RawStdEncoding.EncodeToString(text)); err != nil {
				return err
			}
			text = text[:senderSize]
		}
	}
	if len(text) == senderSize {
		return nil
	}
	return o.bus.Send(ctx, base64.RawStdEncoding.EncodeToString(text))
}

// listen takes in what other processes say.
func (h *Hub) listen(ctx context.Context) {
	for ctx.Err() == nil {
		err := h.cfg.Bus.Listen(ctx, func(text string, missed bool) {
			if missed {
				h.missed.Add(1)
				h.doubtAll()
				return
			}
			h.hear(text)
		})
		if ctx.Err() != nil {
			return
		}
		h.cfg.Logger.Error("no longer hears of changes by other processes", "error", err)
		select {
		case <-time.After(sendRetry):
		case <-ctx.Done():
		}
	}
}

var errBadText = errors.New("a text on the bus is malformed")

// hear doubts the topics that a text names, if they are subscribed here.
func (h *Hub) hear(text string) {
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(b) < senderSize || (len(b)-senderSize)%hashSize != 0 {
		// Somebody else on the database, or a newer version of us.
		h.cfg.Logger.Warn("everything is read again", "error", errBadText)
		h.doubtAll()
		return
	}
	if [senderSize]byte(b[:senderSize]) == h.outbox.sender {
		return
	}
	if b = b[senderSize:]; len(b) == 0 {
		h.doubtAll()
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for ; len(b) > 0; b = b[hashSize:] {
		for _, e := range h.byHash[binary.BigEndian.Uint64(b)] {
			e.changes++
			h.doubt(e)
		}
	}
}
