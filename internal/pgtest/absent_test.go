package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// recorder is a test that notes how it was ended.
type recorder struct {
	testing.TB
	ended string
}

func (r *recorder) Helper() {}
func (r *recorder) Fatal(args ...any) {
	r.ended = "failed: " + args[0].(string)
	panic(r)
}
func (r *recorder) Skip(args ...any) {
	r.ended = "skipped: " + args[0].(string)
	panic(r)
}

func TestWithoutPostgreSQLATestIsSkippedByHandAndFailsInCI(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		ci   bool
		want string
	}{{false, "skipped: "}, {true, "failed: "}} {
		r := &recorder{TB: t}
		func() {
			defer func() { _ = recover() }()
			absent(r, test.ci)
		}()
		if !strings.HasPrefix(r.ended, test.want) || !strings.Contains(r.ended, "apt-get install postgresql") {
			t.Errorf("CI=%v: %q", test.ci, r.ended)
		}
	}
}

func TestLeftoversOfTheDeadAreRemoved(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	for pid, stays := range map[int]bool{dead.Process.Pid: false, os.Getpid(): true} {
		dir := filepath.Join(os.TempDir(), fmt.Sprintf("%s%d-1234", dirPrefix, pid))
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		removeLeftovers()
		if _, err := os.Stat(dir); (err == nil) != stays {
			t.Errorf("%s: %v, stays: %t", dir, err, stays)
		}
	}
}

func TestTheNewestServerIsTaken(t *testing.T) {
	t.Parallel()
	list := []string{"", "/usr/lib/postgresql/9.6/bin", "/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/17/bin"}
	for i, a := range list {
		for j, b := range list {
			if newer(a, b) != (i > j) {
				t.Errorf("newer(%q, %q) = %v", a, b, newer(a, b))
			}
		}
	}
}
