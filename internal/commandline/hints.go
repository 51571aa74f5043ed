package commandline

import "fmt"

// hintedError carries advice along with an error.
type hintedError struct {
	error
	hint string
}

func (e hintedError) Unwrap() error { return e.error }

// Hint adds a line of advice to err; nil stays nil. Several add up.
func Hint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return hintedError{err, fmt.Sprintf(format, args...)}
}

// Hints collects the advice in an error and in all that it wraps.
func Hints(err error) []string {
	var found []string
	if h, ok := err.(hintedError); ok {
		found = append(found, h.hint)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		found = append(found, Hints(e.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			found = append(found, Hints(inner)...)
		}
	}
	return found
}
