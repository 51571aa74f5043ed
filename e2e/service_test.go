package e2e

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mintmark/e2e/harness"
)

// manager plays the service manager: it hears what a daemon says of itself.
type manager struct {
	t    *testing.T
	conn *net.UnixConn
	path string
}

func newManager(t *testing.T) *manager {
	t.Helper()
	m := &manager{t: t, path: filepath.Join(harness.ShortDir(t), "notify")}
	var err error
	if m.conn, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: m.path, Net: "unixgram"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.conn.Close() })
	return m
}

// env is what a daemon is started with, and how soon it must give a sign of life.
func (m *manager) env(within time.Duration) []string {
	return []string{"NOTIFY_SOCKET=" + m.path, "WATCHDOG_USEC=" + strconv.FormatInt(within.Microseconds(), 10)}
}

// hears waits for a message that begins so.
func (m *manager) hears(prefix string) {
	m.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		said, ok := m.next(time.Until(deadline))
		if !ok {
			m.t.Fatalf("the manager never heard %q", prefix)
		}
		if strings.HasPrefix(said, prefix) {
			return
		}
	}
}

func (m *manager) next(wait time.Duration) (said string, ok bool) {
	m.t.Helper()
	if err := m.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		m.t.Fatal(err)
	}
	buf := make([]byte, 4096)
	n, err := m.conn.Read(buf)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return "", false
	} else if err != nil {
		m.t.Fatal(err)
	}
	return string(buf[:n]), true
}

// silent fails if there is a sign of life after those that were under way.
func (m *manager) silent(during time.Duration) {
	m.t.Helper()
	for {
		if _, ok := m.next(10 * time.Millisecond); !ok {
			break
		}
	}
	if said, ok := m.next(during); ok {
		m.t.Errorf("a process that is stopped says %q", said)
	}
}

func TestTheServiceManagerHearsHowTheDaemonsAre(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	keys, mint := newManager(t), newManager(t)
	const within = 600 * time.Millisecond
	s.StartSignatory(keys.env(within)...)
	s.StartMintd(mint.env(within)...)
	for _, d := range []struct {
		name string
		*manager
		process *harness.Process
		ready   string
	}{
		{"signatory", keys, s.Signatory, "READY=1\nSTATUS=signing"},
		{"mintd", mint, s.Mintd, "READY=1\nSTATUS=serving wallets"},
	} {
		d.hears(d.ready)
		d.hears("WATCHDOG=1")
		d.process.Freeze()
		d.silent(2 * within)
		d.process.Signal(syscall.SIGCONT)
		d.hears("WATCHDOG=1")
	}
	if said, err := s.Admin("lock"); err != nil {
		t.Fatal(said, err)
	}
	keys.hears("STATUS=locked")
	if said, err := s.Admin("unlock", "--as-started"); err != nil {
		t.Fatal(said, err)
	}
	keys.hears("STATUS=signing")
	s.Signatory.Signal(syscall.SIGHUP)
	keys.hears("RELOADING=1\nMONOTONIC_USEC=")
	keys.hears("READY=1")
	s.Mintd.Stop()
	mint.hears("STOPPING=1")
	s.Signatory.Stop()
	keys.hears("STOPPING=1")
}
