//go:build unix

package child

import (
	"os/exec"
	"runtime"
	"syscall"
)

// Start starts cmd in a process group of its own. On Linux the kernel kills it when
// this process dies. The channel tells once how it ended, as cmd.Wait does, which
// must not be called.
func Start(cmd *exec.Cmd) (<-chan error, error) {
	tie(cmd)
	started := make(chan error, 1)
	ended := make(chan error, 1)
	// The kernel's "kill me when my parent dies" means the thread that forked,
	// not the process, and the Go runtime ends threads as it likes. So one
	// thread is kept by this goroutine from the fork until the child is gone.
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			ended <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return ended, nil
}

// Run starts cmd and waits for its end.
func Run(cmd *exec.Cmd) error {
	ended, err := Start(cmd)
	if err != nil {
		return err
	}
	return <-ended
}

func ownGroup(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
}
