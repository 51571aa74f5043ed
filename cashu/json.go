package cashu

import (
	"errors"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Decode reads one JSON value into a type of this package. Duplicate names,
// invalid UTF-8, lone surrogates, inexact integers and trailing data are
// refused; names are case-sensitive, unknown ones ignored, null is absent. The
// error is always an *Error, and never quotes the input; v is then undefined.
func Decode(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if s, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return Errorf(CodeMalformed, "body is not valid JSON near byte %d", s.ByteOffset)
	}
	return ErrMalformed
}

// Encode writes the JSON of a type of this package: lowercase hex, exact
// integers, no HTML escaping, map entries in a fixed order.
func Encode(v any) ([]byte, error) {
	return json.Marshal(v, json.Deterministic(true))
}

// readObject reads an object and calls field for each name; field reads or skips
// the one value that follows.
func readObject(d *jsontext.Decoder, what string, field func(name string) error) error {
	switch d.PeekKind() {
	case '{':
	case 0: // broken text: let the decoder say how
		_, err := d.ReadToken()
		return err
	default:
		return Errorf(CodeMalformed, "%s is not an object", what)
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		t, err := d.ReadToken()
		if err != nil {
			return err
		}
		if err := field(t.String()); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// readArray reads an array, or null as an empty one, and calls element for each
// value; element reads it.
func readArray(d *jsontext.Decoder, what string, element func() error) error {
	switch d.PeekKind() {
	case '[':
	case 'n', 0:
		_, err := d.ReadToken()
		return err
	default:
		return Errorf(CodeMalformed, "%s is not an array", what)
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != ']' {
		if err := element(); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// readString reads a string; false for null.
func readString(d *jsontext.Decoder, what string) (string, bool, error) {
	switch d.PeekKind() {
	case '"':
		t, err := d.ReadToken()
		if err != nil {
			return "", false, err
		}
		return t.String(), true, nil
	case 'n', 0:
		_, err := d.ReadToken()
		return "", false, err
	}
	return "", false, Errorf(CodeMalformed, "%s is not a string", what)
}

// readUint reads an exact unsigned integer; false for null. Fractions,
// exponents, signs, strings and numbers above 2^64-1 are refused.
func readUint(d *jsontext.Decoder, what string) (uint64, bool, error) {
	switch d.PeekKind() {
	case '0':
		t, err := d.ReadToken()
		if err != nil {
			return 0, false, err
		}
		n, err := t.Uint()
		if err != nil {
			return 0, false, Errorf(CodeMalformed, "%s is not an unsigned 64-bit integer", what)
		}
		return n, true, nil
	case 'n', 0:
		_, err := d.ReadToken()
		return 0, false, err
	}
	return 0, false, Errorf(CodeMalformed, "%s is not a number", what)
}
