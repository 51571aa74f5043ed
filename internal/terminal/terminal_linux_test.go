package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// openPTY gives both ends of a pseudo-terminal.
func openPTY(t *testing.T) (keyboard *os.File, screen tty) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("there are no pseudo-terminals here:", err)
	}
	t.Cleanup(func() { _ = master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = slave.Close() })
	return master, tty{slave}
}

func echoes(t *testing.T, screen tty) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(screen.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

func waitNoEcho(t *testing.T, screen tty) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if !echoes(t, screen) {
			return
		}
	}
	t.Fatal("the echo stays on while a secret is typed")
}

func TestASecretIsReadWithoutEcho(t *testing.T) {
	t.Parallel()
	keyboard, screen := openPTY(t)
	type answer struct {
		secret []byte
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		secret, err := screen.ReadSecret(t.Context(), "say: ")
		answered <- answer{secret, err}
	}()
	waitNoEcho(t, screen)
	if _, err := io.WriteString(keyboard, "open sesame\n"); err != nil {
		t.Fatal(err)
	}
	if a := <-answered; a.err != nil || string(a.secret) != "open sesame" {
		t.Errorf("ReadSecret = %q, %v", a.secret, a.err)
	}
	if !echoes(t, screen) {
		t.Error("the echo is still off")
	}
}

func TestASignalWhileASecretIsTypedGivesTheEchoBack(t *testing.T) {
	t.Parallel()
	_, screen := openPTY(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	failed := make(chan error, 1)
	go func() {
		_, err := screen.ReadSecret(ctx, "say: ")
		failed <- err
	}()
	waitNoEcho(t, screen)
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("ReadSecret = %v", err)
	}
	if !echoes(t, screen) {
		t.Error("the echo is still off")
	}
}

func TestALineIsReadAndASignalEndsTheWait(t *testing.T) {
	t.Parallel()
	keyboard, screen := openPTY(t)
	if _, err := io.WriteString(keyboard, " yes \n"); err != nil {
		t.Fatal(err)
	}
	if line, err := screen.ReadLine(t.Context(), "go on? "); err != nil || line != "yes" {
		t.Errorf("ReadLine = %q, %v", line, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := screen.ReadLine(ctx, "go on? "); !errors.Is(err, context.Canceled) {
		t.Errorf("ReadLine = %v", err)
	}
}
