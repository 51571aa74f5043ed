package child

import "syscall"

// processAttributes put the child into a group of its own, so that a Ctrl-C on
// the terminal reaches only the parent, which then stops the child in order; and
// make the kernel kill it when the parent dies. SIGKILL and not SIGTERM: the
// next parent will start a child on the same files, and must not find the old
// one lingering.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
