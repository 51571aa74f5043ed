package cashu

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// Unit is the currency unit of a keyset in canonical form: trimmed, NFC, lower
// case. Make one with ParseUnit, or write a lower-case ASCII literal.
type Unit string

// Units that the mint knows by name.
const (
	UnitSat  Unit = "sat"
	UnitAuth Unit = "auth" // reserved for NUT-22
)

// maxUnitBytes bounds what is kept and hashed; the longest in the wild has 4.
const maxUnitBytes = 32

// ParseUnit makes a unit canonical. Letters, digits, combining marks and "-_."
// are allowed: a unit is part of the text that a keyset id hashes, where ",",
// ":" and "|" separate.
func ParseUnit(s string) (Unit, error) {
	if len(s) > 4*maxUnitBytes || !utf8.ValidString(s) {
		return "", Errorf(CodeUnitUnsupported, "unit is not supported")
	}
	// Lowering can undo NFC (İ becomes i and a dot), so it is made again.
	u := norm.NFC.String(cases.Lower(language.Und).String(norm.NFC.String(strings.TrimSpace(s))))
	if u == "" || len(u) > maxUnitBytes {
		return "", Errorf(CodeUnitUnsupported, "unit is not supported")
	}
	for _, r := range u {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune("-_.", r) {
			return "", Errorf(CodeUnitUnsupported, "unit is not supported")
		}
	}
	return Unit(u), nil
}

// DerivationIndex is the unit's place in the key derivation path: the first 4
// bytes, big endian, of SHA256 of the upper-case unit, top bit cleared. Two
// units can collide; the keystore refuses the second.
func (u Unit) DerivationIndex() uint32 {
	canonical := norm.NFC.String(strings.TrimSpace(string(u)))
	sum := sha256.Sum256([]byte(cases.Upper(language.Und).String(canonical)))
	return binary.BigEndian.Uint32(sum[:4]) &^ (1 << 31)
}

// String is the canonical text.
func (u Unit) String() string { return string(u) }

// UnmarshalText is ParseUnit.
func (u *Unit) UnmarshalText(text []byte) error {
	v, err := ParseUnit(string(text))
	if err != nil {
		return err
	}
	*u = v
	return nil
}
