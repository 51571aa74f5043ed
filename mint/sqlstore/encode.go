package sqlstore

import (
	"fmt"
	"time"

	"mintmark/bdhke"
)

// yKey is the form under which a Y is kept. hash_to_curve makes points with an
// even y coordinate only, so the sign says nothing and 32 bytes are enough. A
// wallet may ask for any point, though; one with an odd y coordinate keeps its
// 33 bytes, and so is never taken for its even twin.
func yKey(y bdhke.Point) []byte {
	b := y.Bytes()
	if b[0] == 2 {
		return b[1:]
	}
	return b[:]
}

// pointBytes is a point as it is kept; NULL for no point.
func pointBytes(p bdhke.Point) []byte {
	if p.IsZero() {
		return nil
	}
	b := p.Bytes()
	return b[:]
}

// parsePoint is the reverse of pointBytes.
func parsePoint(b []byte) (bdhke.Point, error) {
	if b == nil {
		return bdhke.Point{}, nil
	}
	p, err := bdhke.ParsePoint(b)
	if err != nil {
		return bdhke.Point{}, fmt.Errorf("a point in the database: %w", err)
	}
	return p, nil
}

// millis is a time as it is kept: unix milliseconds, 0 for none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// fromMillis is the reverse of millis.
func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// maybe is a string that is NULL when empty.
func maybe(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}
