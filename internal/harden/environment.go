package harden

import (
	"errors"
	"fmt"
	"os"
)

// ErrEnvironment: the environment asks for something that would show secrets.
var ErrEnvironment = errors.New("refusing to hold secrets in this environment")

// Environment refuses GOTRACEBACK=crash and wer: with them the Go runtime ends a
// crash with a signal that is there to leave the memory behind. Call it before
// everything else; what Process does would usually keep the core away, and this
// does not depend on it.
func Environment() error { return environment(os.Getenv) }

func environment(get func(string) string) error {
	if v := get("GOTRACEBACK"); v == "crash" || v == "wer" {
		return fmt.Errorf("%w: GOTRACEBACK=%s leaves the memory behind after a crash: unset it", ErrEnvironment, v)
	}
	return nil
}
