package paymentrequest

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/btcutil/bech32"

	"mintmark/cashu"
)

// hrp is the readable part of the bech32m form (NUT-26).
const hrp = "creqb"

// Types of records. Records of other types are skipped.
const (
	recordID          = 1
	recordAmount      = 2
	recordUnit        = 3
	recordSingleUse   = 4
	recordMint        = 5
	recordDescription = 6
	recordTransport   = 7
	recordLock        = 8

	partKind   = 1 // of a transport or a lock
	partTarget = 2
	partTag    = 3
)

// transportKinds and lockKinds are the words for the numbers on the wire.
var (
	transportKinds = []TransportKind{TransportNostr, TransportPost}
	lockKinds      = []string{"P2PK", "HTLC"}
)

// EncodeBech32 writes the request as "CREQB1…" (NUT-26), in upper case, which QR
// codes hold in fewer dots.
func (r Request) EncodeBech32() (string, error) {
	if err := r.Validate(); err != nil {
		return "", err
	}
	w := &writer{}
	if r.ID != "" {
		w.record(recordID, []byte(r.ID))
	}
	if r.Amount != 0 {
		w.record(recordAmount, binary.BigEndian.AppendUint64(nil, uint64(r.Amount)))
	}
	switch r.Unit {
	case "":
	case "sat":
		w.record(recordUnit, []byte{0})
	default:
		w.record(recordUnit, []byte(r.Unit))
	}
	if r.SingleUse {
		w.record(recordSingleUse, []byte{1})
	}
	for _, m := range r.Mints {
		w.record(recordMint, []byte(m))
	}
	if r.Description != "" {
		w.record(recordDescription, []byte(r.Description))
	}
	for _, t := range r.Transports {
		if err := w.transport(t); err != nil {
			return "", err
		}
	}
	if r.Lock != nil {
		if err := w.lock(*r.Lock); err != nil {
			return "", err
		}
	}
	if w.tooLong {
		return "", fmt.Errorf("a part of the payment request is too long for this form")
	}
	five, err := bech32.ConvertBits(w.b, 8, 5, true)
	if err != nil {
		return "", fmt.Errorf("encoding a payment request: %w", err)
	}
	text, err := bech32.EncodeM(hrp, five)
	if err != nil {
		return "", fmt.Errorf("encoding a payment request: %w", err)
	}
	return strings.ToUpper(text), nil
}

// writer puts records together: a type, a length of two bytes, a value.
type writer struct {
	b       []byte
	tooLong bool
}

func (w *writer) record(kind byte, value []byte) {
	if len(value) > 0xffff {
		w.tooLong = true
		return
	}
	w.b = append(w.b, kind)
	w.b = binary.BigEndian.AppendUint16(w.b, uint16(len(value)))
	w.b = append(w.b, value...)
}

func (w *writer) transport(t Transport) error {
	part := &writer{}
	tags := t.Tags
	switch t.Kind {
	case TransportNostr:
		key, relays, err := parseProfile(t.Target)
		if err != nil {
			return err
		}
		part.record(partKind, []byte{0})
		part.record(partTarget, key)
		for _, relay := range relays {
			tags = append(tags[:len(tags):len(tags)], []string{"r", relay})
		}
	case TransportPost:
		part.record(partKind, []byte{1})
		part.record(partTarget, []byte(t.Target))
	default:
		return fmt.Errorf("a way to pay of the kind %q has no place in this form", t.Kind)
	}
	part.tags(tags)
	w.record(recordTransport, part.b)
	w.tooLong = w.tooLong || part.tooLong
	return nil
}

func (w *writer) lock(l Lock) error {
	part := &writer{}
	for i, kind := range lockKinds {
		if l.Kind == kind {
			part.record(partKind, []byte{byte(i)})
		}
	}
	if len(part.b) == 0 {
		return fmt.Errorf("a lock of the kind %q has no place in this form", l.Kind)
	}
	part.record(partTarget, []byte(l.Data))
	part.tags(l.Tags)
	w.record(recordLock, part.b)
	w.tooLong = w.tooLong || part.tooLong
	return nil
}

// tags writes each tag as its words, each with a length of one byte.
func (w *writer) tags(tags [][]string) {
	for _, tag := range tags {
		var b []byte
		for _, word := range tag {
			w.tooLong = w.tooLong || len(word) > 0xff
			b = append(append(b, byte(len(word))), word...)
		}
		w.record(partTag, b)
	}
}

// records calls each for every record.
func records(b []byte, each func(kind byte, value []byte) error) error {
	for len(b) > 0 {
		if len(b) < 3 {
			return errDamaged
		}
		n := int(binary.BigEndian.Uint16(b[1:]))
		if len(b) < 3+n {
			return errDamaged
		}
		if err := each(b[0], b[3:3+n]); err != nil {
			return err
		}
		b = b[3+n:]
	}
	return nil
}

func parseBech32(text string) (r Request, err error) {
	_, five, version, err := bech32.DecodeNoLimitWithVersion(text)
	if err != nil || version != bech32.VersionM {
		return r, errDamaged
	}
	b, err := bech32.ConvertBits(five, 5, 8, false)
	if err != nil {
		return r, errDamaged
	}
	err = records(b, func(kind byte, value []byte) (err error) {
		switch kind {
		case recordID:
			r.ID = string(value)
		case recordAmount:
			if len(value) != 8 {
				return errDamaged
			}
			r.Amount = cashu.Amount(binary.BigEndian.Uint64(value))
		case recordUnit:
			if r.Unit = "sat"; len(value) != 1 || value[0] != 0 {
				r.Unit, err = cashu.ParseUnit(string(value))
			}
		case recordSingleUse:
			r.SingleUse = len(value) == 1 && value[0] == 1
		case recordMint:
			r.Mints = append(r.Mints, string(value))
		case recordDescription:
			r.Description = string(value)
		case recordTransport:
			return r.readTransport(value)
		case recordLock:
			return r.readLock(value)
		}
		return err
	})
	if err != nil {
		return Request{}, err
	}
	return r, r.Validate()
}

// readTransport skips a transport of a kind that is not known: the payer uses
// another one.
func (r *Request) readTransport(b []byte) error {
	kind, target, tags, err := readParts(b)
	if err != nil || kind >= len(transportKinds) {
		return err
	}
	t := Transport{Kind: transportKinds[kind], Target: string(target), Tags: tags}
	if t.Kind == TransportNostr {
		var relays []string
		t.Tags = nil
		for _, tag := range tags {
			if len(tag) == 2 && tag[0] == "r" {
				relays = append(relays, tag[1])
			} else {
				t.Tags = append(t.Tags, tag)
			}
		}
		if t.Target, err = profile(target, relays); err != nil {
			return err
		}
	}
	r.Transports = append(r.Transports, t)
	return nil
}

// readLock fails for a kind that is not known: coins without the lock would not
// be what the payee wants.
func (r *Request) readLock(b []byte) error {
	kind, data, tags, err := readParts(b)
	if err != nil {
		return err
	}
	if kind >= len(lockKinds) {
		return fmt.Errorf("the payment request wants a lock of an unknown kind")
	}
	r.Lock = &Lock{Kind: lockKinds[kind], Data: string(data), Tags: tags}
	return nil
}

func readParts(b []byte) (kind int, target []byte, tags [][]string, err error) {
	kind = -1
	err = records(b, func(part byte, value []byte) error {
		switch part {
		case partKind:
			if len(value) != 1 {
				return errDamaged
			}
			kind = int(value[0])
		case partTarget:
			target = value
		case partTag:
			tag, err := readTag(value)
			if err != nil {
				return err
			}
			tags = append(tags, tag)
		}
		return nil
	})
	if err == nil && (kind < 0 || len(target) == 0) {
		err = errDamaged
	}
	return kind, target, tags, err
}

func readTag(b []byte) (tag []string, err error) {
	for len(b) > 0 {
		n := int(b[0])
		if len(b) < 1+n {
			return nil, errDamaged
		}
		tag = append(tag, string(b[1:1+n]))
		b = b[1+n:]
	}
	if len(tag) == 0 {
		return nil, errDamaged
	}
	return tag, nil
}
