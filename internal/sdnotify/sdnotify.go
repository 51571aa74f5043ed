// Package sdnotify tells the service manager how the process is: sd_notify(3) of
// systemd, and its watchdog.
//
// It trusts the socket that the environment names. It must never fail a program
// because nobody listens, and never say that a process lives that did not answer.
package sdnotify

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// Notifier speaks to the service manager. A nil one says nothing to nobody.
type Notifier struct {
	conn     *net.UnixConn
	watchdog time.Duration // 0: nobody waits for signs of life
}

// Open reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and takes them out of
// the environment, so that a child does not speak for its parent. Without them it
// returns nil.
func Open() (*Notifier, error) {
	path, usec, pid := os.Getenv("NOTIFY_SOCKET"), os.Getenv("WATCHDOG_USEC"), os.Getenv("WATCHDOG_PID")
	for _, name := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} {
		_ = os.Unsetenv(name) // fails only for names that are none
	}
	if path == "" {
		return nil, nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("reaching the service manager: %w", err)
	}
	n := &Notifier{conn: conn}
	if usec != "" && (pid == "" || pid == strconv.Itoa(os.Getpid())) {
		micro, err := strconv.ParseInt(usec, 10, 64)
		if err != nil || micro <= 0 {
			return n, fmt.Errorf("WATCHDOG_USEC=%.32q is no time", usec)
		}
		n.watchdog = time.Duration(micro) * time.Microsecond
	}
	return n, nil
}

// Ready says that the start, or a reload, is done.
func (n *Notifier) Ready(status string) { n.send("READY=1", "STATUS="+status) }

// Reloading says that the configuration is being read again; Ready ends it.
func (n *Notifier) Reloading() {
	n.send("RELOADING=1", "MONOTONIC_USEC="+strconv.FormatInt(monotonic().Microseconds(), 10), "STATUS=reloading")
}

// Stopping says that the end has begun.
func (n *Notifier) Stopping() { n.send("STOPPING=1", "STATUS=stopping") }

// Status is what "systemctl status" shows.
func (n *Notifier) Status(text string) { n.send("STATUS=" + text) }

// Watch gives signs of life until ctx ends, each after alive has answered in time.
// A process that is stuck gives none, and is killed by its service manager. alive
// must ask for the process itself and never for what it depends on: a restart does
// not mend a database.
func (n *Notifier) Watch(ctx context.Context, alive func(context.Context) error) {
	if n == nil || n.watchdog == 0 {
		return
	}
	// Three tries in each interval: one that is late is not yet the end.
	pace := n.watchdog / 3
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		if answered(ctx, pace, alive) {
			n.send("WATCHDOG=1")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// answered waits no longer than pace, whatever alive does.
func answered(ctx context.Context, pace time.Duration, alive func(context.Context) error) bool {
	ctx, cancel := context.WithTimeout(ctx, pace)
	defer cancel()
	result := make(chan error, 1)
	go func() { result <- alive(ctx) }()
	select {
	case err := <-result:
		return err == nil
	case <-ctx.Done():
		return false
	}
}

// send does not report errors: there is nobody to report to, and a manager that has
// gone away must not end its services.
func (n *Notifier) send(lines ...string) {
	if n == nil {
		return
	}
	_ = n.conn.SetWriteDeadline(time.Now().Add(time.Second))
	for i, line := range lines {
		lines[i] = strings.ReplaceAll(line, "\n", " ")
	}
	_, _ = n.conn.Write([]byte(strings.Join(lines, "\n")))
}

// Close lets go of the socket.
func (n *Notifier) Close() error {
	if n == nil {
		return nil
	}
	return n.conn.Close()
}
