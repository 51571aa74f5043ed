package server

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is what an operator hands over to open the seed: a passphrase or an age
// identity. Copies share the same memory; Wipe clears them all. It shows as
// [redacted] under every verb and encoding. The zero value is no secret: whoever
// opens the seed takes what the process was started with.
type Secret struct{ box *secretBox }

// secretBox puts the bytes behind two pointers: fmt follows one of them when a
// Secret sits in an unexported field.
type secretBox struct {
	identity bool
	text     *[]byte
}

// PassphraseSecret takes over the bytes of a passphrase.
func PassphraseSecret(text []byte) Secret { return Secret{&secretBox{text: &text}} }

// IdentitySecret takes over the content of an age identity file.
func IdentitySecret(text []byte) Secret { return Secret{&secretBox{identity: true, text: &text}} }

// Passphrase is a copy of the passphrase; nil when there is none.
func (s Secret) Passphrase() []byte {
	if s.box == nil || s.box.identity {
		return nil
	}
	return bytes.Clone(*s.box.text)
}

// Identity is a copy of the identity; nil when there is none.
func (s Secret) Identity() []byte {
	if s.box == nil || !s.box.identity {
		return nil
	}
	return bytes.Clone(*s.box.text)
}

// Wipe overwrites the secret in memory, in all copies of this value.
func (s Secret) Wipe() {
	if s.box != nil {
		clear(*s.box.text)
		*s.box.text = nil
	}
}

// String, GoString, Format, MarshalText and LogValue all show [redacted].
func (Secret) String() string   { return redacted }
func (Secret) GoString() string { return redacted }

func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
