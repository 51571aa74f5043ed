package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mintmark/internal/child"
)

// patience is how long the harness waits for anything before it calls the test
// failed. It is long because the machine may be busy; nothing should need it.
const patience = 20 * time.Second

// Process is one running program. Its output goes to a file of its own.
type Process struct {
	Name string

	t     testing.TB
	cmd   *exec.Cmd
	log   string
	ended chan struct{}
}

// launch describes a program to start.
type launch struct {
	name string
	path string
	args []string
	env  []string // added to the environment of the test
	dir  string   // working directory; empty = that of the test
	log  string   // file to append the output to
}

// start runs the program until the test ends. It lives in a process group of
// its own, and the kernel kills it if the test dies.
func start(t testing.TB, l launch) *Process {
	t.Helper()
	out, err := os.OpenFile(l.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatalf("opening the log of %s: %v", l.name, err)
	}
	defer out.Close()
	p := &Process{Name: l.name, t: t, log: l.log, ended: make(chan struct{})}
	p.cmd = exec.Command(l.path, l.args...)
	p.cmd.Dir = l.dir
	p.cmd.Env = append(os.Environ(), l.env...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	ended, err := child.Start(p.cmd)
	if err != nil {
		t.Fatalf("starting %s: %v", l.name, err)
	}
	go func() {
		<-ended // the exit state is in p.cmd
		close(p.ended)
	}()
	t.Cleanup(p.killGroup)
	return p
}

// PID is the process id, also after the end.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Log is all that the program has said so far, and its predecessors of this name.
func (p *Process) Log() string {
	p.t.Helper()
	text, err := os.ReadFile(p.log)
	if err != nil {
		p.t.Fatalf("reading the log of %s: %v", p.Name, err)
	}
	return string(text)
}

// WaitLog waits until the program has said text.
func (p *Process) WaitLog(text string) {
	p.t.Helper()
	for end := time.Now().Add(patience); !strings.Contains(p.Log(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("%s has not said %q within %v", p.Name, text, patience)
		}
	}
}

// Children lists the process ids of the children that run now.
func (p *Process) Children() []int {
	p.t.Helper()
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", p.PID()))
	if err != nil {
		p.t.Fatal(err)
	}
	var pids []int
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue // that thread is gone
		}
		for _, field := range strings.Fields(string(text)) {
			pid, err := strconv.Atoi(field)
			if err != nil {
				p.t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	return pids
}

// Signal sends sig to this one process.
func (p *Process) Signal(sig syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatalf("sending %v to %s: %v", sig, p.Name, err)
	}
}

// Kill ends the process with SIGKILL and waits until it is gone.
func (p *Process) Kill() {
	p.t.Helper()
	p.Signal(syscall.SIGKILL)
	p.waitEnd()
}

// Stop ends the process with SIGTERM; it must then end by itself, and well.
func (p *Process) Stop() {
	p.t.Helper()
	p.Signal(syscall.SIGTERM)
	p.WaitStopped()
}

// WaitStopped waits until the process, which was asked to stop, has ended well.
func (p *Process) WaitStopped() {
	p.t.Helper()
	p.waitEnd()
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		p.t.Errorf("%s ended with %v after SIGTERM, want exit code 0", p.Name, p.cmd.ProcessState)
	}
}

// WaitKilled waits until the process has died of SIGKILL.
func (p *Process) WaitKilled() {
	p.t.Helper()
	p.waitEnd()
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() || status.Signal() != syscall.SIGKILL {
		p.t.Fatalf("%s ended with %v, want a death by SIGKILL", p.Name, p.cmd.ProcessState)
	}
}

// Running tells whether the process has not ended.
func (p *Process) Running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

func (p *Process) waitEnd() {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("%s is still running after %v", p.Name, patience)
	}
}

// killGroup ends what is left of the process and of its children.
func (p *Process) killGroup() {
	_ = syscall.Kill(-p.PID(), syscall.SIGKILL) // gone already: fine
	<-p.ended
}

// until calls ready until it returns nil, and fails the test when it never
// does or when the process ends first.
func (p *Process) until(what string, ready func() error) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := ready()
		if err == nil {
			return
		}
		if !p.Running() {
			p.t.Fatalf("%s ended (%v) while waiting until %s: %v", p.Name, p.cmd.ProcessState, what, err)
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("waiting until %s: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// run executes a command that ends by itself and returns what it printed.
func run(t testing.TB, path string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = patience
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s %s: %w\n%s", filepath.Base(path), strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

// tail returns the end of a file, where the trouble is.
func tail(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	const limit = 24 << 10
	if info, err := f.Stat(); err == nil && info.Size() > limit {
		if _, err := f.Seek(-limit, io.SeekEnd); err != nil {
			return err.Error()
		}
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
