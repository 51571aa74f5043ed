package keystore

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"mintmark/bdhke"
	"mintmark/internal/sqldb"
)

// auditTail is the number of records that are checked at every Open.
const auditTail = 1000

// ErrNoAudit: the keystore was made before there was an audit log, and has not
// been opened by a signatory that keeps one.
var ErrNoAudit = errors.New("there is no audit log in this keystore")

// AuditSummary is what a complete chain says.
type AuditSummary struct {
	Identity bdhke.Point
	Records  uint64
	// First and Last are when the first and the last record were made.
	First, Last time.Time
	Head        AuditHead
	Kinds       map[AuditKind]uint64
}

// VerifyAudit reads the whole audit log of the keystore at a place, without a seed
// and without changing anything, also while a signatory runs on it. A record that
// was altered, added, removed or moved is ErrAudit and named, as is a log that
// ends before its stored head. Whoever can write to the database can also make
// the chain anew from some record on: then only pin tells, a head that was kept
// elsewhere, which must be in the chain. nil = none.
func VerifyAudit(ctx context.Context, at Place, pin *AuditHead) (AuditSummary, error) {
	s := AuditSummary{Kinds: map[AuditKind]uint64{}}
	pinned := pin == nil
	err := readAudit(ctx, at, func(tx sqldb.Tx, identity bdhke.Point) error {
		s.Identity = identity
		c := auditChain{head: AuditHead{Hash: auditOrigin(identity)}}
		if pin != nil && *pin == c.head {
			pinned = true
		}
		err := eachAuditRecord(ctx, tx, 0, func(r AuditRecord, _ []byte) error {
			if err := c.next(r); err != nil {
				return err
			}
			if s.Records++; s.Records == 1 {
				s.First = r.At
			}
			s.Last = r.At
			s.Kinds[r.Kind]++
			if pin != nil && r.Seq == pin.Seq {
				if r.Hash != pin.Hash {
					return fmt.Errorf("%w: record %d is not the one that was pinned", ErrAudit, r.Seq)
				}
				pinned = true
			}
			return nil
		})
		if err != nil {
			return err
		}
		s.Head = c.head
		return c.end(ctx, tx, identity)
	})
	switch {
	case err != nil:
		return AuditSummary{}, fmt.Errorf("verifying the audit log of %s: %w", at, err)
	case !pinned:
		return AuditSummary{}, fmt.Errorf("verifying the audit log of %s: %w: it ends with record %d, before the pinned %d",
			at, ErrAudit, s.Head.Seq, pin.Seq)
	}
	return s, nil
}

// auditChain follows the records from one to the next.
type auditChain struct{ head AuditHead }

func (c *auditChain) next(r AuditRecord) error {
	switch {
	case r.Seq != c.head.Seq+1:
		return fmt.Errorf("%w: record %d is missing", ErrAudit, c.head.Seq+1)
	case r.Prev != c.head.Hash:
		return fmt.Errorf("%w: record %d does not follow record %d", ErrAudit, r.Seq, c.head.Seq)
	case r.Hash != r.digest():
		return fmt.Errorf("%w: record %d was altered", ErrAudit, r.Seq)
	}
	c.head = AuditHead{r.Seq, r.Hash}
	return nil
}

// end compares where the records end with where they should.
func (c *auditChain) end(ctx context.Context, tx sqldb.Tx, identity bdhke.Point) error {
	stored, err := readAuditHead(ctx, tx, identity)
	if err != nil {
		return err
	}
	if stored != c.head {
		return fmt.Errorf("%w: the records end with %d (%s), the head is %d (%s)",
			ErrAudit, c.head.Seq, short(c.head.Hash), stored.Seq, short(stored.Hash))
	}
	return nil
}

// checkAuditTail checks the end of the chain with what only the seed can make:
// the seal of each record. It is part of Open.
func (ks *Keystore) checkAuditTail(ctx context.Context, tx sqldb.Tx) error {
	stored, err := readAuditHead(ctx, tx, ks.identity)
	if err != nil {
		return err
	}
	from := max(stored.Seq, auditTail) - auditTail + 1
	c := auditChain{head: AuditHead{Hash: auditOrigin(ks.identity)}}
	err = eachAuditRecord(ctx, tx, from, func(r AuditRecord, seal []byte) error {
		if c.head.Seq == 0 && from > 1 {
			c.head = AuditHead{from - 1, r.Prev} // taken on trust; its own seal covers it
		}
		return ks.nextSealed(&c, r, seal)
	})
	if err != nil {
		return err
	}
	ks.others.head = c.head
	return c.end(ctx, tx, ks.identity)
}

// nextSealed is next for who has the seed, and with it can tell who made a record.
func (ks *Keystore) nextSealed(c *auditChain, r AuditRecord, seal []byte) error {
	if err := c.next(r); err != nil {
		return err
	}
	if !bytes.Equal(seal, ks.sealAudit(r.Hash)) {
		return fmt.Errorf("%w: record %d was not made by this signatory", ErrAudit, r.Seq)
	}
	return nil
}

type auditJSON struct {
	Seq    uint64          `json:"seq"`
	At     time.Time       `json:"at"`
	Kind   AuditKind       `json:"kind"`
	Client string          `json:"client"`
	Detail json.RawMessage `json:"detail"`
	Prev   string          `json:"prev"`
	Hash   string          `json:"hash"`
}

// ExportAudit writes every record of the keystore at a place as a line of JSON, in
// order and as it is: it judges nothing, VerifyAudit does.
func ExportAudit(ctx context.Context, at Place, w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	err := readAudit(ctx, at, func(tx sqldb.Tx, _ bdhke.Point) error {
		return eachAuditRecord(ctx, tx, 0, func(r AuditRecord, _ []byte) error {
			detail := json.RawMessage(r.Detail)
			if !json.Valid(detail) { // damaged; still shown, as a string
				detail, _ = json.Marshal(r.Detail)
			}
			return e.Encode(auditJSON{
				r.Seq, r.At, r.Kind, r.Client, detail,
				hex.EncodeToString(r.Prev[:]), hex.EncodeToString(r.Hash[:]),
			})
		})
	})
	if err != nil {
		return fmt.Errorf("exporting the audit log of %s: %w", at, err)
	}
	return nil
}

// readAudit opens the keystore only to look at it.
func readAudit(ctx context.Context, at Place, read func(sqldb.Tx, bdhke.Point) error) error {
	return at.look(ctx, func(tx sqldb.Tx) error {
		tables, err := at.tables(ctx, tx, "audit", "audit_head")
		if err != nil {
			return err
		}
		if tables != 2 {
			return ErrNoAudit
		}
		head, err := readHeader(ctx, tx)
		if err != nil {
			return err
		}
		return read(tx, head.identity)
	})
}
