package curve

import (
	"fmt"
	"io"
	"log/slog"
)

// Hidden is embedded in types that hold a secret: they print as [redacted] under
// every verb of fmt, in JSON and in slog. That is not enough where such a type
// sits in an unexported field, because fmt calls no methods there: the secret
// itself goes into a Box.
type Hidden struct {
	_ [0]func() // == on secrets is not constant-time, so it does not compile
}

const redacted = "[redacted]"

// String hides the secret.
func (Hidden) String() string { return redacted }

// GoString hides the secret.
func (Hidden) GoString() string { return redacted }

// Format hides the secret under every verb.
func (Hidden) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// MarshalText hides the secret, also from JSON.
func (Hidden) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue hides the secret.
func (Hidden) LogValue() slog.Value { return slog.StringValue(redacted) }

// Box holds a scalar where fmt does not follow: it dereferences one pointer (for
// instance with a verb that does not fit, as in %!s), but not two. The zero Box
// is empty.
type Box struct{ s **Scalar }

// NewBox puts s into a box.
func NewBox(s *Scalar) Box { return Box{&s} }

// Open returns the scalar; nil when the box is empty.
func (b Box) Open() *Scalar {
	if b.s == nil {
		return nil
	}
	return *b.s
}

// Wipe overwrites the scalar, for all who share it, and empties the box. Nobody
// may use it meanwhile. A backend keeps its scalars by value, or this wipes
// nothing.
func (b Box) Wipe() {
	if s := b.Open(); s != nil {
		*s = Scalar{}
		*b.s = nil
	}
}
