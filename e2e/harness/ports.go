package harness

import (
	"net"
	"os"
	"testing"
)

// FreeAddress returns a loopback address that nobody listened on a moment ago.
// A program that is started again needs the address that it had, so the system
// cannot choose at each start.
func FreeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("looking for a free port: %v", err)
	}
	defer l.Close()
	return l.Addr().String()
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
