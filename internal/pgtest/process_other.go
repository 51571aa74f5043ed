//go:build unix && !linux

package pgtest

import (
	"syscall"
	"time"
)

// attributes keep a Ctrl-C on the terminal away from the server. Only Linux kills
// it together with a test binary that was killed.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// children are not known here: the server's parent process notices a signal and
// ends them itself, but Freeze reaches only new connections.
func children(int) []int { return nil }

func zombie(int) bool { return false }

func cpu(int) time.Duration { return 0 }
