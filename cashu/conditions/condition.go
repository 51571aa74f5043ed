package conditions

import (
	"encoding/hex"
	"math"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// Condition is a spending condition that can be met. Only Parse makes one, so
// there is none with a key off the curve, a key twice in one pathway, or more
// signatures asked for than there are keys.
type Condition struct {
	kind        string
	nonce, data string
	tags        [][]string // as they came: SIG_ALL compares them

	hash     [32]byte // HTLC: of the preimage
	main     pathway  // NUT-11: locktime multisig. NUT-14: what the receiver adds to the preimage
	refund   pathway  // no keys: none
	locktime uint64   // never: for ever
	sigAll   bool
}

// pathway is met by signatures of need distinct keys of these.
type pathway struct {
	keys []bdhke.Point
	need int
}

// never is the locktime of a permanent lock.
const never = math.MaxUint64

// Bounds on one secret. 1024 bytes hold 13 keys.
const (
	MaxTags = 32
	MaxKeys = 16 // in one pathway
)

// payload is the object of NUT-10. Unknown names are refused: a further name may
// be a further restriction.
type payload struct {
	Nonce *string    `json:"nonce"`
	Data  *string    `json:"data"`
	Tags  [][]string `json:"tags"`
}

// Parse reads a secret; nil for a plain one. An error is a *cashu.Error and means
// that nobody can ever spend the coin here: unknown kind, or malformed (NUT-11).
func Parse(secret string) (*Condition, error) {
	kind, text, conditional := split(secret)
	switch {
	case !conditional:
		return nil, nil
	case text == nil:
		return nil, malformed("it starts like one and is not valid JSON")
	case kind != KindP2PK && kind != KindHTLC:
		return nil, cashu.Errorf(cashu.CodeProofInvalid, "spending condition is of a kind that this mint does not know")
	}
	var p payload
	if err := json.Unmarshal(text, &p, json.RejectUnknownMembers(true)); err != nil {
		return nil, malformed("its object is not of nonce, data and tags")
	}
	if p.Nonce == nil || p.Data == nil {
		return nil, malformed("nonce or data is missing")
	}
	c := &Condition{kind: kind, nonce: *p.Nonce, data: *p.Data, tags: p.Tags, locktime: never}
	t, err := readTags(p.Tags)
	if err != nil {
		return nil, err
	}
	return c, c.fill(t)
}

// fill makes the pathways of the tags. Counts come before curve points.
func (c *Condition) fill(t tags) error {
	var err error
	if c.sigAll, err = t.sigAll(); err != nil {
		return err
	}
	c.locktime = t.locktime()
	mainKeys := t.pubkeys
	if c.kind == KindP2PK {
		mainKeys = append([]string{c.data}, t.pubkeys...)
	} else {
		if len(c.data) != 2*len(c.hash) {
			return malformed("data is not a hash of 32 bytes in hex")
		}
		if _, err := hex.Decode(c.hash[:], []byte(c.data)); err != nil {
			return malformed("data is not a hash of 32 bytes in hex")
		}
	}
	if c.main.need, err = needed(t.nSigs, len(mainKeys)); err != nil {
		return err
	}
	if c.refund.need, err = needed(t.nSigsRefund, len(t.refund)); err != nil {
		return err
	}
	if c.main.keys, err = parseKeys(mainKeys); err != nil {
		return err
	}
	c.refund.keys, err = parseKeys(t.refund)
	return err
}

// parseKeys reads the keys of one pathway. Two that differ only in the sign of y
// are one key for BIP340, so they are twins and refused.
func parseKeys(texts []string) ([]bdhke.Point, error) {
	if len(texts) > MaxKeys {
		return nil, cashu.Errorf(cashu.CodeTooLarge, "spending condition names more than %d keys", MaxKeys)
	}
	keys := make([]bdhke.Point, len(texts))
	for i, text := range texts {
		var err error
		if keys[i], err = bdhke.ParsePointHex(text); err != nil {
			return nil, malformed("a key is not a compressed point of the curve")
		}
		for _, other := range keys[:i] {
			if sameX(other, keys[i]) {
				return nil, malformed("a key is there twice")
			}
		}
	}
	return keys, nil
}

func sameX(p, q bdhke.Point) bool {
	a, b := p.Bytes(), q.Bytes()
	return [32]byte(a[1:]) == [32]byte(b[1:])
}

func malformed(how string) error {
	return cashu.Errorf(cashu.CodeProofInvalid, "spending condition is malformed: %s", how)
}

// Kind is KindP2PK or KindHTLC.
func (c *Condition) Kind() string { return c.kind }

// SigAll tells that signatures must cover all inputs and outputs (NUT-11).
func (c *Condition) SigAll() bool { return c.sigAll }

// Hash is that of the preimage (NUT-14); zero for P2PK.
func (c *Condition) Hash() [32]byte { return c.hash }

// Keys are those of which Needed must sign, at any time. With an HTLC, the
// preimage is asked for besides, and there may be none.
func (c *Condition) Keys() []bdhke.Point { return slices.Clone(c.main.keys) }

// Needed is how many of Keys must sign.
func (c *Condition) Needed() int { return c.main.need }

// RefundKeys are those of which RefundNeeded may sign instead once the lock has
// expired.
func (c *Condition) RefundKeys() []bdhke.Point { return slices.Clone(c.refund.keys) }

// RefundNeeded is how many of RefundKeys must sign.
func (c *Condition) RefundNeeded() int { return c.refund.need }

// Locktime is the second after which the lock has expired; false: never.
func (c *Condition) Locktime() (uint64, bool) { return c.locktime, c.locktime != never }

// Expired tells whether now is later than the locktime. The second of the
// locktime itself still belongs to the lock: NUT-11 calls it expired when the
// clock is greater.
func (c *Condition) Expired(now time.Time) bool {
	return now.Unix() > 0 && uint64(now.Unix()) > c.locktime
}

// sameLock tells whether both may stand in one transaction under SIG_ALL: the
// same kind, data and tags, to the letter and in order.
func (c *Condition) sameLock(d *Condition) bool {
	return c.kind == d.kind && c.data == d.data &&
		slices.EqualFunc(c.tags, d.tags, func(a, b []string) bool { return slices.Equal(a, b) })
}
