package pgtest

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// attributes make the kernel kill the server when the test binary dies, and keep
// a Ctrl-C on the terminal away from it.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// children lists the processes whose parent is pid. Each of a server's children
// leads a process group of its own, so a signal to a group would not reach them.
func children(pid int) (list []int) {
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		if _, parent := status(file); parent == pid {
			if child, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
				list = append(list, child)
			}
		}
	}
	return list
}

// zombie tells whether a process has ended and only waits to be noticed.
func zombie(pid int) bool {
	state, _ := status("/proc/" + strconv.Itoa(pid) + "/stat")
	return state == "Z" || state == ""
}

// status reads the state and the parent out of a stat file, in which both stand
// behind the name in brackets.
func status(file string) (state string, parent int) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", 0
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 2 {
		return "", 0
	}
	parent, _ = strconv.Atoi(string(fields[1]))
	return string(fields[0]), parent
}
