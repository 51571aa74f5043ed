package mint

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/go-json-experiment/json"

	"mintmark/cashu"
	"mintmark/signatory"
)

// A keyset does not say how old it is. For the operator, who wants to know when it is time
// for a new one, the mint remembers when it saw each for the first time.

// configSeen is where: a JSON object of unix seconds by id.
const configSeen ConfigKey = "keysets_seen"

// readSeen reads what is remembered; nothing is an empty map.
func readSeen(ctx context.Context, r ConfigReads) (map[string]int64, error) {
	seen := map[string]int64{}
	text, err := r.Config(ctx, configSeen)
	if errors.Is(err, ErrNotFound) {
		return seen, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &seen)
	}
	if err != nil {
		return nil, fmt.Errorf("reading when keysets were seen: %w", err)
	}
	return seen, nil
}

// noteSeen remembers the keysets of a snapshot that were never seen before, and returns
// when all were.
func noteSeen(ctx context.Context, tx Tx, s signatory.Snapshot, now time.Time) (map[string]int64, error) {
	seen, err := readSeen(ctx, tx)
	if err != nil {
		return nil, err
	}
	before := maps.Clone(seen)
	for _, ks := range s.Keysets {
		if _, known := seen[ks.ID.String()]; !known {
			seen[ks.ID.String()] = now.Unix()
		}
	}
	if maps.Equal(before, seen) {
		return seen, nil
	}
	text, err := json.Marshal(seen, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("writing when keysets were seen: %w", err)
	}
	return seen, tx.SetConfig(ctx, configSeen, string(text))
}

// KeysetSeen is when a mint on this database saw the keyset for the first time, or began
// to remember such things; zero while it is not known.
func (m *Mint) KeysetSeen(id cashu.KeysetID) time.Time {
	if seen := m.keysets.seen.Load(); seen != nil {
		if at, known := (*seen)[id.String()]; known {
			return time.Unix(at, 0)
		}
	}
	return time.Time{}
}

// allSeen tells whether it is remembered of every keyset when it was seen.
func (k *keysets) allSeen(s signatory.Snapshot) bool {
	seen := *k.seen.Load()
	for _, ks := range s.Keysets {
		if _, known := seen[ks.ID.String()]; !known {
			return false
		}
	}
	return true
}
