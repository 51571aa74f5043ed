package harness

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Faults orders what shall happen to one running program that was built with
// crash points; see internal/crashpoint for the files.
type Faults struct {
	t   testing.TB
	dir string
}

func newFaults(t testing.TB, dir string) *Faults {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return &Faults{t: t, dir: dir}
}

// env tells a program where its orders are.
func (f *Faults) env() string { return "MINTMARK_FAULTS=" + f.dir }

// Kill orders the program to die at the n-th passing of a crash point.
func (f *Faults) Kill(point string, n int) { f.order(fmt.Sprintf("kill %s %d", point, n)) }

// Stop orders the program to freeze there, as with SIGSTOP.
func (f *Faults) Stop(point string, n int) { f.order(fmt.Sprintf("stop %s %d", point, n)) }

// Cancel takes the order back and forgets that one was carried out.
func (f *Faults) Cancel() {
	f.t.Helper()
	for _, name := range []string{"order", "struck"} {
		if err := os.Remove(f.path(name)); err != nil && !os.IsNotExist(err) {
			f.t.Fatal(err)
		}
	}
}

// Struck tells whether the process pid has carried out the order that stands.
// The process writes this down itself, right before it is killed or frozen.
func (f *Faults) Struck(pid int) bool {
	order, err := os.ReadFile(f.path("order"))
	if err != nil {
		return false
	}
	proof, err := os.ReadFile(f.path("struck"))
	return err == nil && string(proof) == fmt.Sprintf("%s by %d\n", order, pid)
}

// Clock sets the program's clock ahead of the system's, or behind.
func (f *Faults) Clock(d time.Duration) { f.write("clock", d.String()) }

func (f *Faults) order(text string) {
	f.t.Helper()
	f.Cancel()
	f.write("order", text)
}

// write replaces a file in one step, as the program may be reading it.
func (f *Faults) write(name, text string) {
	f.t.Helper()
	if err := os.WriteFile(f.path(name+".new"), []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Rename(f.path(name+".new"), f.path(name)); err != nil {
		f.t.Fatal(err)
	}
}

func (f *Faults) path(name string) string { return filepath.Join(f.dir, name) }

// Freeze stops the process with SIGSTOP and waits until it stands still, which a busy
// one does not do at once.
func (p *Process) Freeze() {
	p.t.Helper()
	p.Signal(syscall.SIGSTOP)
	p.until(p.Name+" stands still", func() error {
		if !p.Frozen() {
			return errors.New("it does not")
		}
		return nil
	})
}

// Frozen tells whether the kernel has stopped the process, with all its threads.
func (p *Process) Frozen() bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.PID()))
	if err != nil || len(threads) == 0 {
		return false
	}
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		if err != nil {
			return false
		}
		if _, rest, _ := strings.Cut(string(text), ") "); !strings.HasPrefix(rest, "T") {
			return false
		}
	}
	return true
}
