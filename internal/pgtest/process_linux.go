package pgtest

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// children lists the processes whose parent is pid. Each of a server's children
// leads a process group of its own, so a signal to a group would not reach them.
func children(pid int) (list []int) {
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		if fields := status(file); fields[parentField] == strconv.Itoa(pid) {
			if child, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
				list = append(list, child)
			}
		}
	}
	return list
}

// zombie tells whether a process has ended and only waits to be noticed.
func zombie(pid int) bool {
	state := status(statFile(pid))[stateField]
	return state == "Z" || state == ""
}

// tick is the unit of time in a stat file, on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// cpu is the time that a process, and those of its children that it has seen end,
// have used of the processors.
func cpu(pid int) (used time.Duration) {
	for _, field := range status(statFile(pid))[timeFields:] {
		n, _ := strconv.ParseInt(field, 10, 64)
		used += time.Duration(n) * tick
	}
	return used
}

// What stands where behind the name of the program in a stat file: proc(5).
const (
	stateField, parentField = 0, 1
	timeFields, endOfTimes  = 11, 15 // utime, stime, cutime, cstime
)

func statFile(pid int) string { return "/proc/" + strconv.Itoa(pid) + "/stat" }

// status reads the first fields of a stat file behind the name, which is in
// brackets; all empty if the process is gone.
func status(file string) []string {
	fields := make([]string, endOfTimes)
	text, err := os.ReadFile(file)
	if err != nil {
		return fields
	}
	copy(fields, strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])))
	return fields
}
