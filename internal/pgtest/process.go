package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"mintmark/internal/child"
)

// process is the running server, the parent of one process for each connection.
type process struct {
	pid  int
	gone chan struct{} // closed when it has ended
}

// start runs the server and waits until it answers.
func (s *Server) start() error {
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	cmd := exec.Command(filepath.Join(s.programs, "postgres"), "-D", s.data(), "-p", strconv.Itoa(s.Port))
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.dir, environment(s.dir), log, log
	cmd.SysProcAttr = s.user.become(&syscall.SysProcAttr{})
	ended, err := child.Start(cmd)
	_ = log.Close()
	if err != nil {
		return err
	}
	p := &process{pid: cmd.Process.Pid, gone: make(chan struct{})}
	go func() {
		<-ended
		close(p.gone)
	}()
	s.process = p
	if err := s.ready(p); err != nil {
		s.kill()
		said, _ := os.ReadFile(s.logFile())
		return fmt.Errorf("%w; it said: %s", err, said)
	}
	return nil
}

// ready waits until the server takes connections.
func (s *Server) ready(p *process) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for {
		conn, err := s.admin(ctx, "postgres")
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-p.gone:
			return errors.New("the server ended at once")
		case <-ctx.Done():
			return fmt.Errorf("the server did not answer: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Stop ends the server in order, as an administrator would: connections are cut,
// transactions rolled back, everything written.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	p := s.running(t)
	if err := syscall.Kill(p.pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.gone:
		s.process = nil
	case <-time.After(startTimeout):
		t.Fatal("PostgreSQL did not stop")
	}
}

// Kill ends the server and everything that belongs to it with SIGKILL. What was
// committed without waiting may be lost, as in a crash.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	s.running(t)
	s.kill()
}

// Restart starts a stopped or killed server again, on the same port.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if s.process != nil {
		t.Fatal("PostgreSQL runs already")
	}
	if err := s.start(); err != nil {
		t.Fatalf("starting PostgreSQL again: %v", err)
	}
}

// CPU is what all processes of the server have used of the processors so far; 0
// where that is not known.
func (s *Server) CPU(t testing.TB) time.Duration {
	t.Helper()
	p := s.running(t)
	used := cpu(p.pid)
	for _, pid := range children(p.pid) {
		used += cpu(pid)
	}
	return used
}

// Freeze stops all processes of the server where they are; Thaw lets them go on.
func (s *Server) Freeze(t testing.TB) {
	t.Helper()
	s.signal(s.running(t), syscall.SIGSTOP)
}

// Thaw ends a Freeze.
func (s *Server) Thaw(t testing.TB) {
	t.Helper()
	s.signal(s.running(t), syscall.SIGCONT)
}

func (s *Server) running(t testing.TB) *process {
	t.Helper()
	if s.process == nil {
		t.Fatal("PostgreSQL does not run")
	}
	return s.process
}

// signal reaches the parent first, so that no new process appears.
func (s *Server) signal(p *process, sig syscall.Signal) {
	_ = syscall.Kill(p.pid, sig)
	for _, pid := range children(p.pid) {
		_ = syscall.Kill(pid, sig)
	}
}

// kill ends all processes and waits until the last is gone: a new server refuses
// to start while one is left.
func (s *Server) kill() {
	p := s.process
	if p == nil {
		return
	}
	s.process = nil
	_ = syscall.Kill(p.pid, syscall.SIGSTOP)
	family := children(p.pid)
	_ = syscall.Kill(p.pid, syscall.SIGKILL)
	for _, pid := range family {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	<-p.gone
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		left := false
		for _, pid := range family {
			left = left || syscall.Kill(pid, 0) == nil && !zombie(pid)
		}
		if !left {
			return
		}
	}
}

// discard ends the server without ceremony and removes its files.
func (s *Server) discard() {
	s.kill()
	_ = os.RemoveAll(s.dir)
}
