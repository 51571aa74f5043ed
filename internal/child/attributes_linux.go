package child

import (
	"os/exec"
	"syscall"
)

// tie puts a child into a group of its own, so that a Ctrl-C on the terminal reaches
// only the parent, which then stops the child in order; and makes the kernel kill it
// when the parent dies. SIGKILL and not SIGTERM: the next parent will start a child
// on the same files, and must not find the old one lingering.
func tie(cmd *exec.Cmd) {
	ownGroup(cmd)
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
}
