// Package budget counts what clients have had signed, and says when it is enough.
//
// It is the pure core: it reads no clock and stores nothing. Its caller tells it
// the time, stores what Unstored gives before a signature leaves, and says so with
// Stored. It trusts the counters that it is given to begin with. It must never
// take a use for covered that would be forgotten by a crash: what is stored runs
// ahead of what is used, so that a crash loses some budget and regains none, and
// most signatures need no write at all.
//
// Several ledgers may share what is stored: what one has stored ahead counts as used
// for all others, so together they never exceed a limit.
//
// Time is counted in buckets of five minutes. A bucket counts for a window as
// long as any part of it is inside, so an hour is 60 to 65 minutes.
package budget

import (
	"fmt"

	"mintmark/cashu"
)

const (
	// BucketMinutes is the length of a bucket.
	BucketMinutes = 5

	hour = 60
	day  = 24 * hour

	// The part of a limit that may be stored ahead of use, and lost by a crash:
	// for each bucket, and for all the life of a keyset.
	bucketChunks = 128
	keysetChunks = 1024
)

// Use is an amount of work: a value in the unit, and a number of signatures.
type Use struct {
	Value cashu.Amount
	Count uint64
}

// Limits bound the use of one unit by one client. A number that is 0 is no limit.
type Limits struct {
	Hour, Day Use
	// Keyset is for all the life of each keyset.
	Keyset Use
}

// Account is whose use is counted.
type Account struct {
	Client string
	Unit   cashu.Unit
}

// Spend is what a call would use of one keyset.
type Spend struct {
	Unit   cashu.Unit
	Keyset cashu.KeysetID
	Use
}

// Counter is a number that is stored: at least so much may have been used.
type Counter struct {
	Account
	Keyset cashu.KeysetID // zero for the windows
	Bucket int64          // unix minutes of its beginning; 0 for a keyset
	Use
}

// Exceeded is a budget that does not allow a call.
type Exceeded struct {
	Account
	Window string // "hour", "day" or "keyset"; empty: the unit has no budget
	What   string // "value" or "signatures"
	Limit  uint64
}

func (e *Exceeded) Error() string {
	if e.Window == "" {
		return fmt.Sprintf("there is no budget for %s", e.Unit)
	}
	return fmt.Sprintf("the %s budget for %s per %s is used up: %d", e.What, e.Unit, e.Window, e.Limit)
}

// add is u+v; it stays at the largest number instead of beginning again.
func (u Use) add(v Use) Use {
	out := Use{u.Value + v.Value, u.Count + v.Count}
	if out.Value < u.Value {
		out.Value = ^cashu.Amount(0)
	}
	if out.Count < u.Count {
		out.Count = ^uint64(0)
	}
	return out
}

// minus is u-v, and not less than nothing.
func (u Use) minus(v Use) Use {
	return Use{u.Value - min(u.Value, v.Value), u.Count - min(u.Count, v.Count)}
}

func (u Use) within(limit Use) (what string, max uint64, ok bool) {
	switch {
	case limit.Value != 0 && u.Value > limit.Value:
		return "value", uint64(limit.Value), false
	case limit.Count != 0 && u.Count > limit.Count:
		return "signatures", limit.Count, false
	}
	return "", 0, true
}

// ahead is what to store for a counter: what was used and some more, at most a
// chunk, and at most half of what was used, so that quiet times lose little.
func (u Use) ahead(chunks uint64, limits ...Use) Use {
	value, count := uint64(u.Value)/2, u.Count/2
	for _, limit := range limits {
		if limit.Value != 0 {
			value = min(value, uint64(limit.Value)/chunks)
		}
		if limit.Count != 0 {
			count = min(count, limit.Count/chunks)
		}
	}
	return u.add(Use{cashu.Amount(value), count})
}

func (u Use) covers(v Use) bool { return u.Value >= v.Value && u.Count >= v.Count }

func bucketOf(minute int64) int64 { return minute - minute%BucketMinutes }

// Since is the beginning of the oldest bucket that still counts.
func Since(minute int64) int64 { return bucketOf(minute - day) }
