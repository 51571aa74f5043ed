package sdnotify

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// manager is the other end of the socket.
func manager(t *testing.T) *net.UnixConn {
	t.Helper()
	dir, err := os.MkdirTemp("", "sd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := dir + "/n"
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return conn
}

// heard is the next message, or "" if none comes within the wait.
func heard(t *testing.T, conn *net.UnixConn, wait time.Duration) string {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	n, err := conn.Read(buf)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return ""
	} else if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

func open(t *testing.T) *Notifier {
	t.Helper()
	n, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	return n
}

func TestTheManagerHearsHowItIs(t *testing.T) {
	conn := manager(t)
	n := open(t)
	n.Ready("serving\nREADY=0")
	if got := heard(t, conn, time.Second); got != "READY=1\nSTATUS=serving READY=0" {
		t.Errorf("%q", got)
	}
	n.Reloading()
	lines := strings.Split(heard(t, conn, time.Second), "\n")
	if len(lines) != 3 || lines[0] != "RELOADING=1" {
		t.Errorf("%q", lines)
	}
	usec, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "MONOTONIC_USEC="), 10, 64)
	if err != nil || usec <= 0 {
		t.Errorf("%q", lines)
	}
	n.Stopping()
	if got := heard(t, conn, time.Second); !strings.HasPrefix(got, "STOPPING=1\n") {
		t.Errorf("%q", got)
	}
	for _, name := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} {
		if _, there := os.LookupEnv(name); there {
			t.Errorf("a child would get %s", name)
		}
	}
	n.Watch(t.Context(), func(context.Context) error { t.Error("nobody has asked for signs of life"); return nil })
}

func TestSignsOfLifeStopWhenTheProcessIsStuck(t *testing.T) {
	conn := manager(t)
	t.Setenv("WATCHDOG_USEC", "90000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	n := open(t)
	var stuck atomic.Bool
	block := make(chan struct{})
	defer close(block)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		n.Watch(ctx, func(context.Context) error {
			if stuck.Load() {
				<-block // and does not look at its context
			}
			return nil
		})
	}()
	for range 3 {
		if got := heard(t, conn, 5*time.Second); got != "WATCHDOG=1" {
			t.Fatalf("%q", got)
		}
	}
	stuck.Store(true)
	for heard(t, conn, 200*time.Millisecond) != "" { // those that were under way
		if t.Context().Err() != nil {
			break
		}
	}
	if got := heard(t, conn, 300*time.Millisecond); got != "" {
		t.Errorf("a process that is stuck says %q", got)
	}
	cancel()
	<-done
}

func TestAWatchdogForAnotherProcessIsNotOurs(t *testing.T) {
	manager(t)
	t.Setenv("WATCHDOG_USEC", "1000")
	t.Setenv("WATCHDOG_PID", "1")
	if n := open(t); n.watchdog != 0 {
		t.Error("it answers for another process")
	}
}

func TestWithoutAManagerNothingIsSaid(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	n := open(t)
	if n != nil {
		t.Fatal("there is no manager")
	}
	n.Ready("")
	n.Stopping()
	n.Watch(t.Context(), nil)
}
