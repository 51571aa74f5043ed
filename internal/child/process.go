//go:build unix

package child

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// pipeDelay is how long the child's standard error stays open after the child
// ended, for a grandchild that inherited it.
const pipeDelay = 2 * time.Second

// runOnce starts the child and waits for its end. It returns how it ended; after
// the end of ctx that means nothing.
func (c *Child) runOnce(ctx context.Context) error {
	cmd := exec.Command(c.cfg.Path, c.cfg.Args...)
	cmd.Env = c.cfg.Env
	cmd.WaitDelay = pipeDelay
	lines := &lineForwarder{logger: c.cfg.Logger}
	cmd.Stderr = lines
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("opening the pipe of the child's life: %w", err)
	}

	ended, err := Start(cmd)
	if err != nil {
		_ = stdin.Close()
		c.set(func(s *State) { s.Starts++; s.LastExit = err.Error() })
		return fmt.Errorf("starting the child process: %w", err)
	}
	pid := cmd.Process.Pid
	c.cfg.Logger.Info("child process started", "pid", pid)
	c.set(func(s *State) { s.Starts++; s.Running, s.PID = true, pid })

	select {
	case err = <-ended:
	case <-ctx.Done():
		err = c.stop(cmd.Process, ended)
		c.cfg.Logger.Info("child process stopped", "pid", pid)
	}
	// Whatever the child left running in its group goes with it. The number of a
	// group is not given out again while a member is left, so this hits our
	// grandchildren or, a moment after the end, nobody.
	_ = syscall.Kill(-pid, syscall.SIGKILL)
	lines.flush()
	if err == nil {
		err = errors.New("exit status 0")
	}
	c.set(func(s *State) { s.Running, s.PID, s.LastExit = false, 0, err.Error() })
	return err
}

// stop asks the child to end, and kills its whole group when it does not.
func (c *Child) stop(p *os.Process, ended <-chan error) error {
	_ = p.Signal(syscall.SIGTERM) // fails only if it is gone already
	deadline := time.NewTimer(c.cfg.StopTimeout)
	defer deadline.Stop()
	select {
	case err := <-ended:
		return err
	case <-deadline.C:
		c.cfg.Logger.Warn("child process did not stop in time and is killed", "pid", p.Pid, "waited", c.cfg.StopTimeout)
		_ = p.Kill()
		_ = syscall.Kill(-p.Pid, syscall.SIGKILL)
		return <-ended
	}
}
