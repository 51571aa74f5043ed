package httpapi

import (
	"errors"
	"io"
	"sync/atomic"
)

// held bounds the memory of all bodies that are being read or decoded at once.
// What counts is what has arrived: a stranger has to send the bytes that are to
// use up our memory.
type held struct {
	max int64
	now atomic.Int64
}

// errTooMuchHeld: the bodies of all requests together are too large.
var errTooMuchHeld = errors.New("too many bytes of requests are held")

// heldBody is one body and its share.
type heldBody struct {
	of    *held
	share int64
	bytes []byte
}

func (h *held) open() *heldBody { return &heldBody{of: h} }

// readAll reads to the end, growing in steps, each of which must still fit.
func (b *heldBody) readAll(r io.Reader) error {
	for {
		if len(b.bytes) == cap(b.bytes) {
			if err := b.grow(max(4<<10, 2*cap(b.bytes))); err != nil {
				return err
			}
		}
		n, err := r.Read(b.bytes[len(b.bytes):cap(b.bytes)])
		b.bytes = b.bytes[:len(b.bytes)+n]
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (b *heldBody) grow(size int) error {
	more := int64(size - cap(b.bytes))
	if b.of.now.Add(more) > b.of.max {
		b.of.now.Add(-more)
		return errTooMuchHeld
	}
	b.share += more
	b.bytes = append(make([]byte, 0, size), b.bytes...)
	return nil
}

// release gives the share back. The bytes must not be used any more.
func (b *heldBody) release() {
	b.of.now.Add(-b.share)
	b.share, b.bytes = 0, nil
}
