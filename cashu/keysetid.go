package cashu

import (
	"encoding/hex"
	"errors"
)

// KeysetVersion is the first byte of a keyset id (NUT-02).
type KeysetVersion uint8

// The known versions.
const (
	V1 KeysetVersion = 0x00 // 8 bytes: commits to the keys only
	V2 KeysetVersion = 0x01 // 33 bytes: commits to keys, unit, fee and expiry
)

const (
	keysetIDBytesV1 = 8
	keysetIDBytesV2 = 33
)

// KeysetID names a keyset. It is comparable; the zero value is none. The 8-byte
// short form of a version 2 id is a thing of tokens and never becomes one.
type KeysetID struct {
	n uint8 // 0, 8 or 33
	b [keysetIDBytesV2]byte
}

// ParseKeysetID reads 16 hex characters that begin with 00, or 66 that begin
// with 01, upper or lower case. The error has code 12001: an id that cannot
// exist is an id that nobody knows.
func ParseKeysetID(s string) (KeysetID, error) {
	if len(s) != 2*keysetIDBytesV1 && len(s) != 2*keysetIDBytesV2 {
		return KeysetID{}, Errorf(CodeKeysetUnknown, "keyset id has %d characters", len(s))
	}
	var buf [keysetIDBytesV2]byte
	n, err := hex.Decode(buf[:], []byte(s))
	if err != nil {
		return KeysetID{}, Errorf(CodeKeysetUnknown, "keyset id is not hex")
	}
	return KeysetIDFromBytes(buf[:n])
}

// KeysetIDFromBytes reads the raw form: 8 bytes beginning with 00 or 33 bytes
// beginning with 01.
func KeysetIDFromBytes(b []byte) (KeysetID, error) {
	switch {
	case len(b) == keysetIDBytesV1 && b[0] == byte(V1):
	case len(b) == keysetIDBytesV2 && b[0] == byte(V2):
	default:
		return KeysetID{}, Errorf(CodeKeysetUnknown, "keyset id is of no known version")
	}
	id := KeysetID{n: uint8(len(b))}
	copy(id.b[:], b)
	return id, nil
}

// Bytes returns a copy of the raw id; nil for the zero value.
func (id KeysetID) Bytes() []byte {
	if id.n == 0 {
		return nil
	}
	return append([]byte(nil), id.b[:id.n]...)
}

// Version returns the first byte. The zero value has none and answers V1.
func (id KeysetID) Version() KeysetVersion { return KeysetVersion(id.b[0]) }

// IsZero tells that there is no id.
func (id KeysetID) IsZero() bool { return id.n == 0 }

// Equal tells whether both are the same id. The same as ==.
func (id KeysetID) Equal(o KeysetID) bool { return id == o }

// String is lowercase hex; empty for the zero value.
func (id KeysetID) String() string { return hex.EncodeToString(id.b[:id.n]) }

// AppendText appends the hex form and refuses the zero value.
func (id KeysetID) AppendText(dst []byte) ([]byte, error) {
	if id.n == 0 {
		return dst, errors.New("no keyset id to encode")
	}
	return hex.AppendEncode(dst, id.b[:id.n]), nil
}

// MarshalText writes the hex form and refuses the zero value.
func (id KeysetID) MarshalText() ([]byte, error) { return id.AppendText(nil) }

// UnmarshalText is ParseKeysetID.
func (id *KeysetID) UnmarshalText(text []byte) error {
	v, err := ParseKeysetID(string(text))
	if err != nil {
		return err
	}
	*id = v
	return nil
}
