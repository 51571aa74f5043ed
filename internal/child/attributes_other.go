//go:build unix && !linux

package child

import "os/exec"

// tie puts a child into a group of its own, so that a Ctrl-C on the terminal reaches
// only the parent, which then stops the child in order. No kernel help here when the
// parent is killed: the child has to watch its standard input.
func tie(cmd *exec.Cmd) { ownGroup(cmd) }
