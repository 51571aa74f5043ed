package fence

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

const (
	read  landlock.AccessFSSet = ll.AccessFSReadFile | ll.AccessFSReadDir
	write landlock.AccessFSSet = read | ll.AccessFSWriteFile | ll.AccessFSTruncate | ll.AccessFSMakeReg |
		ll.AccessFSMakeDir | ll.AccessFSRemoveFile | ll.AccessFSRemoveDir | sockets
	// A socket is made in a directory of its own and renamed into its place.
	sockets landlock.AccessFSSet = ll.AccessFSReadDir | ll.AccessFSMakeDir | ll.AccessFSMakeSock |
		ll.AccessFSRemoveFile | ll.AccessFSRemoveDir | ll.AccessFSRefer
	terminal landlock.AccessFSSet = ll.AccessFSReadFile | ll.AccessFSWriteFile | ll.AccessFSIoctlDev
	// A rule for a file may not speak of what only directories have.
	ofFiles landlock.AccessFSSet = ll.AccessFSReadFile
)

func process(r Rules) Report {
	r = r.present()
	outside, err := strangeSocket()
	if err != nil {
		return Report{Problem: err.Error()}
	}
	defer outside.Close()
	if err := restrict(r); err != nil {
		return Report{Problem: err.Error()}
	}
	out := Report{Paths: refused("/"), Scopes: unreachable(outside), Rules: r}
	if version, err := ll.LandlockGetABIVersion(); err != nil || version < 6 {
		out.Problem = fmt.Sprintf("the kernel has version %d of Landlock, or none: paths need 2, scopes need 6", max(version, 0))
	}
	return out
}

// restrict leaves out of what this package knows whatever the kernel does not know.
func restrict(r Rules) error {
	config := landlock.V7
	config.HandledAccessNet = 0
	rules := []landlock.Rule{
		landlock.PathAccess(write, r.Write...).IgnoreIfMissing(),
		landlock.PathAccess(sockets, r.Sockets...).IgnoreIfMissing(),
	}
	for _, path := range r.Read {
		access := read
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			access = ofFiles
		}
		rules = append(rules, landlock.PathAccess(access, path).IgnoreIfMissing())
	}
	if r.Terminal != "" {
		rules = append(rules, landlock.PathAccess(terminal, r.Terminal).IgnoreIfMissing())
	}
	if err := config.BestEffort().Restrict(rules...); err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	return nil
}

// present makes paths absolute and leaves out what is not there, or nobody may look
// at, so that the report shows what the kernel got.
func (r Rules) present() Rules {
	there := func(paths []string) []string {
		var out []string
		for _, path := range paths {
			at, err := filepath.Abs(path)
			if err != nil || path == "" {
				continue
			}
			if _, err := os.Stat(at); err == nil && !slices.Contains(out, at) {
				out = append(out, at)
			}
		}
		return out
	}
	out := Rules{Read: there(r.Read), Write: there(r.Write), Sockets: there(r.Sockets)}
	if t := there([]string{r.Terminal}); len(t) == 1 {
		out.Terminal = t[0]
	}
	return out
}

// refused tells whether the kernel refuses to list a directory that everybody may list.
func refused(dir string) bool {
	f, err := os.Open(dir)
	if err == nil {
		_ = f.Close()
	}
	return errors.Is(err, fs.ErrPermission)
}

// strangeSocket is an abstract socket that was made outside the fence.
func strangeSocket() (*net.UnixConn, error) {
	at := &net.UnixAddr{Name: "@mintmark-fence-" + rand.Text(), Net: "unixgram"}
	l, err := net.ListenUnixgram("unixgram", at)
	if err != nil {
		return nil, fmt.Errorf("an abstract socket to try the fence with: %w", err)
	}
	return l, nil
}

func unreachable(l *net.UnixConn) bool {
	at, _ := l.LocalAddr().(*net.UnixAddr)
	conn, err := net.DialUnix("unixgram", nil, at)
	if err == nil {
		_ = conn.Close()
	}
	return errors.Is(err, unix.EPERM)
}
