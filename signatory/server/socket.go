package server

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// ErrAddressInUse: another process listens on the unix socket.
var ErrAddressInUse = errors.New("somebody already listens on the unix socket")

// listenUnix listens on a unix socket that has its mode from the first moment
// on. A socket that a dead process left behind is replaced; a living one, and
// everything that is not a socket, is not touched.
func listenUnix(path string, mode fs.FileMode) (net.Listener, error) {
	dir := filepath.Dir(path)
	// Two servers that start at once must not both find the same dead socket.
	// The lock is on the directory itself and leaves nothing behind.
	lock, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the directory of the unix socket: %w", err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return nil, fmt.Errorf("locking %s: %w", dir, err)
	}
	if err := checkAbandoned(path); err != nil {
		return nil, err
	}

	// Made where nobody else can enter, given its mode, and only then moved to
	// its place, over the dead one if there is one.
	private, err := os.MkdirTemp(dir, ".s")
	if err != nil {
		return nil, fmt.Errorf("making the unix socket: %w", err)
	}
	defer os.RemoveAll(private)
	made := filepath.Join(private, "s")
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: made, Net: "unix"})
	if errors.Is(err, syscall.EINVAL) {
		return nil, fmt.Errorf("the path of %s is too long for a unix socket in it", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("making the unix socket: %w", err)
	}
	ln.SetUnlinkOnClose(false)
	out := &unixListener{UnixListener: ln, path: path}
	if err := out.place(made, mode); err != nil {
		return nil, errors.Join(fmt.Errorf("making the unix socket: %w", err), ln.Close())
	}
	return out, nil
}

// checkAbandoned tells whether a socket may be put at path.
func checkAbandoned(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("looking for the unix socket: %w", err)
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s exists and is not a unix socket", path)
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	switch {
	case err == nil:
		conn.Close()
		return fmt.Errorf("%w: %s", ErrAddressInUse, path)
	case errors.Is(err, syscall.ECONNREFUSED):
		return nil
	}
	// Not allowed to ask, or too busy to answer: it lives.
	return fmt.Errorf("%w: %s: %w", ErrAddressInUse, path, err)
}

// unixListener removes its socket when it is closed.
type unixListener struct {
	*net.UnixListener
	path string
	self fs.FileInfo
	once sync.Once
	err  error
}

func (l *unixListener) place(made string, mode fs.FileMode) (err error) {
	if err = os.Chmod(made, mode); err != nil {
		return err
	}
	if l.self, err = os.Lstat(made); err != nil {
		return err
	}
	return os.Rename(made, l.path)
}

// Addr is the path where clients find the socket.
func (l *unixListener) Addr() net.Addr { return &net.UnixAddr{Name: l.path, Net: "unix"} }

// Close stops listening and removes the socket, unless somebody has put another
// one in its place.
func (l *unixListener) Close() error {
	l.once.Do(func() {
		// Removed first: as long as it is there it must be answered.
		if now, err := os.Lstat(l.path); err == nil && os.SameFile(now, l.self) {
			l.err = os.Remove(l.path)
		}
		l.err = errors.Join(l.err, l.UnixListener.Close())
	})
	return l.err
}
