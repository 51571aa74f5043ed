package keystore

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"mintmark/bdhke"
	"mintmark/internal/bip32"
	"mintmark/internal/sqldb"
)

// AuditKind says what a record is about. The constants are append-only: they are
// in databases and exports.
type AuditKind string

const (
	AuditStart    AuditKind = "start"    // the signatory serves
	AuditStop     AuditKind = "stop"     // it has ended in order
	AuditUnlock   AuditKind = "unlock"   // the seed was opened
	AuditLock     AuditKind = "lock"     // the seed was put away
	AuditConfig   AuditKind = "config"   // a configuration is in force
	AuditClient   AuditKind = "client"   // a client came, went or was turned away
	AuditRotate   AuditKind = "rotate"   // a keyset made and activated in one step
	AuditPrepare  AuditKind = "prepare"  // a keyset made and published, not active
	AuditActivate AuditKind = "activate" // a keyset that signs from now on
	AuditRetire   AuditKind = "retire"   // a keyset that only verifies from now on
	AuditRefuse   AuditKind = "refuse"   // a call that was not allowed
	AuditBudget   AuditKind = "budget"   // a budget is used up
	AuditFreeze   AuditKind = "freeze"   // signing was stopped by hand
	AuditUnfreeze AuditKind = "unfreeze" // and allowed again
	AuditSigned   AuditKind = "signed"   // totals of an interval
	AuditRestore  AuditKind = "restore"  // the database came out of a backup
	AuditSchedule AuditKind = "schedule" // a prepared keyset is to become active at a time
	AuditChange   AuditKind = "change"   // a retired keyset has signed the change of a melt
)

// ErrAudit: the audit chain is not what was written. The message names the first
// record that is wrong.
var ErrAudit = errors.New("the audit log was tampered with or is damaged")

// AuditRecord is one entry of the audit log.
type AuditRecord struct {
	// Seq counts from 1 without gaps.
	Seq uint64
	// At is when the record was made, in microseconds, UTC.
	At   time.Time
	Kind AuditKind
	// Client is who caused it: a client's name, or empty for the signatory.
	Client string
	// Detail is a JSON object with sorted keys. It holds no secret.
	Detail string
	// Prev is the Hash of the record before; for the first, a hash of the
	// identity of the keystore.
	Prev, Hash [sha256.Size]byte
}

// AuditHead names the last record, and with it all before. Kept somewhere else,
// it is what proves later that no record was taken away.
type AuditHead struct {
	Seq  uint64
	Hash [sha256.Size]byte
}

// String is the form that ParseAuditHead reads: SEQ:HASH.
func (h AuditHead) String() string { return fmt.Sprintf("%d:%x", h.Seq, h.Hash) }

// ParseAuditHead reads SEQ:HASH, a number and 64 hexadecimal characters.
func ParseAuditHead(text string) (AuditHead, error) {
	var h AuditHead
	var digest []byte
	if _, err := fmt.Sscanf(text, "%d:%x", &h.Seq, &digest); err != nil || len(digest) != len(h.Hash) {
		return AuditHead{}, errors.New("the head of an audit log is written SEQ:HASH, a number and 64 hexadecimal characters")
	}
	copy(h.Hash[:], digest)
	if h.String() != text {
		return AuditHead{}, errors.New("the head of an audit log is written SEQ:HASH, in lower case and without anything else")
	}
	return h, nil
}

// Audit appends a record and returns when it is on the disk. On an error nothing
// was recorded, and what was to be recorded must not happen: fail closed.
//
// The values of detail are strings, bools, integers, amounts, units, keyset ids
// and lists of strings; anything else is refused, so that neither a point nor a
// secret can slip in.
func (ks *Keystore) Audit(ctx context.Context, kind AuditKind, client string, detail map[string]any) error {
	err := ks.write(ctx, func(tx sqldb.Tx) error {
		return ks.audit(ctx, tx, kind, client, detail)
	})
	if err != nil {
		return fmt.Errorf("writing the audit log: %w", err)
	}
	return nil
}

// audit appends a record in the transaction of what it is about: both happen, or
// neither.
func (ks *Keystore) audit(ctx context.Context, tx sqldb.Tx, kind AuditKind, client string, detail map[string]any) error {
	text, err := canonicalDetail(detail)
	if err != nil {
		return fmt.Errorf("audit record %q: %w", kind, err)
	}
	if err := checkAuditText(kind, client); err != nil {
		return err
	}
	head, err := readAuditHead(ctx, tx, ks.identity)
	if err != nil {
		return err
	}
	r := AuditRecord{
		Seq: head.Seq + 1, At: time.UnixMicro(ks.clock().UnixMicro()).UTC(),
		Kind: kind, Client: client, Detail: text, Prev: head.Hash,
	}
	r.Hash = r.digest()
	return addAuditRecord(ctx, tx, head, r, ks.sealAudit(r.Hash))
}

// AuditHead is the number and the hash of the last record; 0 and the hash that
// the first record will follow while there is none.
func (ks *Keystore) AuditHead(ctx context.Context) (seq uint64, hash [32]byte, err error) {
	var head AuditHead
	err = ks.db.Read(ctx, func(tx sqldb.Tx) (err error) {
		head, err = readAuditHead(ctx, tx, ks.identity)
		return err
	})
	if err != nil {
		return 0, hash, fmt.Errorf("reading the head of the audit log: %w", err)
	}
	return head.Seq, head.Hash, nil
}

// auditOrigin is what the first record follows. It ties the chain to the seed.
func auditOrigin(identity bdhke.Point) [sha256.Size]byte {
	enc := identity.Bytes()
	return sha256.Sum256(append([]byte("Mintmark audit origin 1"), enc[:]...))
}

// digest is the hash of a record: SHA-256 of a fixed text, Prev, Seq and At (8
// bytes each, big endian, At in microseconds since 1970), and Kind, Client and
// Detail, each after its length in 4 bytes.
func (r AuditRecord) digest() (sum [sha256.Size]byte) {
	b := append([]byte("Mintmark audit record 1"), r.Prev[:]...)
	b = binary.BigEndian.AppendUint64(b, r.Seq)
	b = binary.BigEndian.AppendUint64(b, uint64(r.At.UnixMicro()))
	for _, text := range []string{string(r.Kind), r.Client, r.Detail} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(text)))
		b = append(b, text...)
	}
	return sha256.Sum256(b)
}

// auditPlace is a child of the master that no keyset can have: "audit" on a
// telephone, beside the purpose of Cashu.
const auditPlace = 28348

// auditKey makes the key that seals records. A chain of plain hashes can be made
// anew by whoever can write to the database; the seal cannot without the seed.
func auditKey(master *bip32.Node) ([]byte, error) {
	child, err := master.Hardened(auditPlace)
	if err != nil {
		return nil, fmt.Errorf("deriving the key of the audit log: %w", err)
	}
	secret := child.Key().Bytes()
	defer clear(secret[:])
	mac := hmac.New(sha256.New, secret[:])
	mac.Write([]byte("Mintmark audit seal 1"))
	return mac.Sum(nil), nil
}

func (ks *Keystore) sealAudit(hash [sha256.Size]byte) []byte {
	mac := hmac.New(sha256.New, ks.auditKey)
	mac.Write(hash[:])
	return mac.Sum(nil)
}

// short is enough of a hash to find it again in a message.
func short(hash [sha256.Size]byte) string { return hex.EncodeToString(hash[:8]) }
