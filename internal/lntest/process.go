package lntest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"mintmark/internal/child"
)

// patience is how long anything may take before it counts as broken.
const patience = 2 * time.Minute

// process is a running program, whose output goes to a file.
type process struct {
	cmd   *exec.Cmd
	log   string
	ended chan struct{}
}

// launch starts a program that dies with the test binary and has no home.
func launch(path, home string, args []string) (*process, error) {
	p := &process{log: filepath.Join(home, filepath.Base(path)+".out"), ended: make(chan struct{})}
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	p.cmd = exec.Command(path, args...)
	p.cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
	p.cmd.Stdout, p.cmd.Stderr = out, out
	ended, err := child.Start(p.cmd)
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", filepath.Base(path), err)
	}
	go func() {
		<-ended // the exit state is in p.cmd
		close(p.ended)
	}()
	return p, nil
}

// end ends the process with the signal and waits until it is gone.
func (p *process) end(sig syscall.Signal) {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Signal(sig) // gone already: fine
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// until calls ready until it returns nil or the process has ended.
func (p *process) until(what string, ready func() error) error {
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		err := ready()
		switch {
		case err == nil:
			return nil
		case !p.running():
			err = fmt.Errorf("it has ended: %w", err)
		case time.Now().Before(end):
			continue
		}
		text, readErr := os.ReadFile(p.log)
		return errors.Join(fmt.Errorf("waiting until %s: %w\n%s", what, err, text[max(0, len(text)-4000):]), readErr)
	}
}

// freeAddresses are loopback addresses that nobody listened on a moment ago.
func freeAddresses(n int) (list []string, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // all of them at the end, so that they differ
		list = append(list, l.Addr().String())
	}
	return list, nil
}
