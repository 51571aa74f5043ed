package harness

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Ports that no system hands out by itself, so that the far end of somebody's
// connection cannot take one while its program is away.
const (
	firstPort = 10_000
	portCount = 20_000
)

// FreeAddress returns a loopback address that belongs to the test until its end: a
// program that is started again needs the address that it had. Tests of other
// processes keep away from it.
func FreeAddress(t testing.TB) string {
	t.Helper()
	for range 1000 {
		port := firstPort + rand.IntN(portCount)
		held, err := holdPort(port)
		if err != nil {
			t.Fatalf("looking for a free port: %v", err)
		}
		if held == nil {
			continue
		}
		address := fmt.Sprintf("127.0.0.1:%d", port)
		l, err := net.Listen("tcp", address)
		if err != nil { // by somebody who does not know of us
			_ = held.Close()
			continue
		}
		_ = l.Close()
		t.Cleanup(func() { _ = held.Close() })
		return address
	}
	t.Fatal("looking for a free port: there is none")
	return ""
}

// holdPort claims a port among all tests of this user; nil: it is another's.
func holdPort(port int) (*os.File, error) {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("mintmark-ports-%d", os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, fmt.Sprint(port)), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	_ = f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil
	}
	return nil, err
}

// ShortDir makes a temporary directory with a short name: the path of a unix
// socket may not exceed some 100 bytes, and t.TempDir carries the test's name.
func ShortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "mm")
	if err != nil {
		t.Fatalf("making a temporary directory: %v", err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("removing the temporary directory: %v", err)
		}
	})
	return dir
}
