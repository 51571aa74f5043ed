package bench

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// userHZ is the unit of times in /proc: clock ticks of USER_HZ, which is 100 on
// every architecture that Go supports, whatever the kernel's own tick is.
const userHZ = 100

// procfs reads processes from a mounted proc file system.
type procfs struct{ root string }

// process is one reading of one process.
type process struct {
	pid    int
	parent int
	name   string
	cpu    time.Duration // user and system time, of all threads, living and dead
	start  uint64        // ticks after boot: tells a process from a later one of the same id
}

// read returns the process with this id.
func (p procfs) read(pid int) (process, error) {
	text, err := os.ReadFile(filepath.Join(p.root, strconv.Itoa(pid), "stat"))
	if err != nil {
		return process{}, fmt.Errorf("reading process %d: %w", pid, err)
	}
	return parseStat(string(text))
}

// parseStat reads a line of /proc/PID/stat. The name stands in parentheses and
// may itself contain any of them, so the last one counts.
func parseStat(line string) (process, error) {
	open, shut := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	if open < 1 || shut < open {
		return process{}, errors.New("reading a stat line: it has no name")
	}
	// Numbered as in proc(5), from 3 on, behind the name.
	fields := strings.Fields(line[shut+1:])
	const parent, user, system, start = 4 - 3, 14 - 3, 15 - 3, 22 - 3
	if len(fields) <= start {
		return process{}, fmt.Errorf("reading a stat line: %d fields", len(fields)+2)
	}
	var failed error
	number := func(s string) uint64 {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			failed = fmt.Errorf("reading a stat line: %w", err)
		}
		return n
	}
	ticks := number(fields[user]) + number(fields[system])
	found := process{
		pid:    int(number(strings.TrimSpace(line[:open]))),
		parent: int(number(fields[parent])),
		name:   line[open+1 : shut],
		cpu:    time.Duration(ticks) * time.Second / userHZ,
		start:  number(fields[start]),
	}
	return found, failed
}

// family returns the processes with these ids and, if asked, everything that
// descends from them.
func (p procfs) family(pids []int, children bool) (map[int]process, error) {
	found := make(map[int]process)
	for _, pid := range pids {
		one, err := p.read(pid)
		if err != nil {
			return nil, err
		}
		found[pid] = one
	}
	if !children || len(pids) == 0 {
		return found, nil
	}
	entries, err := os.ReadDir(p.root)
	if err != nil {
		return nil, fmt.Errorf("listing processes: %w", err)
	}
	offspring := make(map[int][]process)
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if one, err := p.read(pid); err == nil { // else it has just ended
			offspring[one.parent] = append(offspring[one.parent], one)
		}
	}
	for queue := slices.Clone(pids); len(queue) > 0; queue = queue[1:] {
		for _, child := range offspring[queue[0]] {
			if _, seen := found[child.pid]; !seen {
				found[child.pid] = child
				queue = append(queue, child.pid)
			}
		}
	}
	return found, nil
}

// ProcessCPU is the CPU time that one process spent during the run.
type ProcessCPU struct {
	PID     int     `json:"pid"`
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
	// MicrosecondsPerOperation divides it by the operations that succeeded.
	MicrosecondsPerOperation float64 `json:"us_per_operation"`
}

// spent subtracts two readings. A process that began in between counts whole; one
// that ended, or was replaced, makes the figure useless and is an error.
func spent(before, after map[int]process) ([]ProcessCPU, error) {
	for pid, old := range before {
		if now, there := after[pid]; !there || now.start != old.start {
			return nil, fmt.Errorf("process %d (%s) ended during the run: its CPU time is unknown", pid, old.name)
		}
	}
	var list []ProcessCPU
	for _, now := range slices.SortedFunc(maps.Values(after), func(a, b process) int { return cmp.Compare(a.pid, b.pid) }) {
		used := now.cpu - before[now.pid].cpu
		list = append(list, ProcessCPU{PID: now.pid, Name: now.name, Seconds: used.Seconds()})
	}
	return list, nil
}
