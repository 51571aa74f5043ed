//go:build unix && !linux

package pgtest

import "time"

// children are not known here: the server's parent process notices a signal and
// ends them itself, but Freeze reaches only new connections.
func children(int) []int { return nil }

func zombie(int) bool { return false }

func cpu(int) time.Duration { return 0 }
