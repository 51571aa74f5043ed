package bench

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// stat makes a line of /proc/PID/stat.
func stat(pid int, name string, parent, user, system, start int) string {
	fields := make([]string, 52)
	for i := range fields {
		fields[i] = "0"
	}
	fields[0], fields[1], fields[2] = strconv.Itoa(pid), "("+name+")", "S"
	fields[3] = strconv.Itoa(parent)
	fields[13], fields[14] = strconv.Itoa(user), strconv.Itoa(system)
	fields[15], fields[16] = "7000", "7000" // of children already reaped: not ours to count
	fields[21] = strconv.Itoa(start)
	return strings.Join(fields, " ") + "\n"
}

func TestAStatLineIsReadWhateverTheNameIs(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"mintd", "tmux: server", "a) R 1 (b", "()"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseStat(stat(42, name, 7, 150, 25, 900))
			want := process{pid: 42, parent: 7, name: name, cpu: 1750 * time.Millisecond, start: 900}
			if err != nil || got != want {
				t.Errorf("got %+v, %v; want %+v", got, err, want)
			}
		})
	}
}

func TestAStatLineThatIsNoneIsAnError(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"", "42", "42 (mintd", "42 (mintd) S 1 2 3", "(x) S", strings.Replace(stat(1, "x", 1, 5, 5, 5), " S 1 ", " S -1 ", 1)} {
		if got, err := parseStat(line); err == nil {
			t.Errorf("%q was read as %+v", line, got)
		}
	}
}

func fakeProc(t *testing.T, lines ...string) procfs {
	t.Helper()
	root := t.TempDir()
	for _, line := range lines {
		dir := filepath.Join(root, strings.Fields(line)[0])
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "stat"), []byte(line), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(root, "self"), 0o755); err != nil {
		t.Fatal(err)
	}
	return procfs{root}
}

func TestDescendantsAreFoundOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	p := fakeProc(t,
		stat(10, "mintd", 1, 0, 0, 1), stat(11, "signatory", 10, 0, 0, 2),
		stat(12, "grandchild", 11, 0, 0, 3), stat(20, "stranger", 1, 0, 0, 4))
	alone, err := p.family([]int{10}, false)
	if err != nil || len(alone) != 1 {
		t.Errorf("without children: %v, %v", alone, err)
	}
	all, err := p.family([]int{10}, true)
	if err != nil || len(all) != 3 || all[12].name != "grandchild" {
		t.Errorf("with children: %v, %v", all, err)
	}
	if _, err := p.family([]int{99}, true); err == nil {
		t.Error("a process that does not exist was found")
	}
}

func TestCPUTimeIsTheDifferenceOfTwoReadings(t *testing.T) {
	t.Parallel()
	before := map[int]process{10: {pid: 10, name: "mintd", cpu: time.Second, start: 5}}
	after := map[int]process{
		10: {pid: 10, name: "mintd", cpu: 3500 * time.Millisecond, start: 5},
		11: {pid: 11, name: "signatory", cpu: time.Second, start: 6},
	}
	got, err := spent(before, after)
	if err != nil || len(got) != 2 || got[0].Seconds != 2.5 || got[1].Seconds != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAProcessThatEndedOrWasReplacedHasNoCPUTime(t *testing.T) {
	t.Parallel()
	before := map[int]process{10: {pid: 10, name: "mintd", cpu: time.Second, start: 5}}
	for name, after := range map[string]map[int]process{
		"ended":    {},
		"replaced": {10: {pid: 10, name: "mintd", cpu: 2 * time.Second, start: 6}},
	} {
		if got, err := spent(before, after); err == nil {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func TestOurOwnProcessIsThere(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	p, err := procfs{"/proc"}.read(os.Getpid())
	if err != nil || p.pid != os.Getpid() || p.parent != os.Getppid() || p.start == 0 {
		t.Errorf("got %+v, %v", p, err)
	}
}
