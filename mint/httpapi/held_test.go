package httpapi

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
)

func TestHeldBodiesAreReadWholeAndGivenBack(t *testing.T) {
	t.Parallel()
	h := &held{max: 1 << 20}
	for _, n := range []int{0, 1, 4095, 4096, 4097, 300_000} {
		text := strings.Repeat("x", n)
		b := h.open()
		if err := b.readAll(iotest.OneByteReader(strings.NewReader(text))); err != nil || string(b.bytes) != text {
			t.Errorf("%d bytes: %d, %v", n, len(b.bytes), err)
		}
		b.release()
		if now := h.now.Load(); now != 0 {
			t.Errorf("%d bytes: %d are still held", n, now)
		}
	}
	b := h.open()
	broken := errors.New("line is down")
	if err := b.readAll(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a broken line: %v", err)
	}
	b.release()
}

func TestBodiesTogetherCannotTakeMoreThanTheirPart(t *testing.T) {
	t.Parallel()
	h := &held{max: 64 << 10}
	first, second := h.open(), h.open()
	if err := first.readAll(bytes.NewReader(make([]byte, 30<<10))); err != nil {
		t.Fatal(err)
	}
	if err := second.readAll(bytes.NewReader(make([]byte, 40<<10))); !errors.Is(err, errTooMuchHeld) {
		t.Errorf("more than there is: %v", err)
	}
	second.release()
	first.release()
	third := h.open()
	if err := third.readAll(bytes.NewReader(make([]byte, 40<<10))); err != nil {
		t.Errorf("after the others are gone: %v", err)
	}
	third.release()
	if now := h.now.Load(); now != 0 {
		t.Errorf("%d bytes are still held", now)
	}
}
