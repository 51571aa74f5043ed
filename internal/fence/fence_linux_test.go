package fence_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"

	"mintmark/internal/fence"
)

// childVar holds the directory of a test in the process that fences itself in: the
// test binary started again, so that the test process stays free.
const childVar = "MINTMARK_TEST_FENCE_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVar); dir != "" {
		if err := child(dir); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func rulesIn(dir string) fence.Rules {
	return fence.Rules{
		Read: []string{"", dir + "/read", dir + "/file", dir + "/nowhere"}, Write: []string{dir + "/write"},
		Sockets: []string{dir + "/sockets"}, Terminal: "/dev/null",
	}
}

// child fences itself in and tries everything, in many threads that were there before.
func child(dir string) error {
	const threads = 8
	var ready, done sync.WaitGroup
	fenced, wrong := make(chan struct{}), make([]error, threads)
	for i := range threads {
		ready.Add(1)
		done.Go(func() {
			runtime.LockOSThread()
			ready.Done()
			<-fenced
			wrong[i] = tryAll(dir, strconv.Itoa(i))
		})
	}
	ready.Wait()
	r := fence.Process(rulesIn(dir))
	if !r.Paths || !r.Scopes || r.Problem != "" {
		return fmt.Errorf("the report is %+v", r)
	}
	if slices.Contains(r.Rules.Read, dir+"/nowhere") {
		return errors.New("the report names what is not there")
	}
	close(fenced)
	done.Wait()
	return errors.Join(wrong...)
}

func tryAll(dir, mine string) error {
	var wrong []error
	allowed := func(what string, err error) {
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s is refused: %w", what, err))
		}
	}
	denied := func(what string, err error) {
		if !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EXDEV) {
			wrong = append(wrong, fmt.Errorf("%s is not refused: %v", what, err))
		}
	}
	reads := func(path string) error {
		_, err := os.ReadFile(path)
		return err
	}
	writes := func(path string) error { return os.WriteFile(path, nil, 0o600) }
	lists := func(path string) error {
		_, err := os.ReadDir(path)
		return err
	}
	allowed("reading in a directory to read", reads(dir+"/read/there"))
	allowed("listing it", lists(dir+"/read"))
	denied("writing in it", writes(dir+"/read/there"))
	denied("removing from it", os.Remove(dir+"/read/there"))
	allowed("reading a file", reads(dir+"/file"))
	denied("reading its neighbour", reads(dir+"/secret"))
	denied("listing the directory of both", lists(dir))
	denied("reading through a link that leads out", reads(dir+"/read/link"))
	denied("reading what stands in /etc", reads("/etc/passwd"))

	own := dir + "/write/" + mine
	allowed("making a file", writes(own))
	allowed("reading it", reads(own))
	allowed("renaming it", os.Rename(own, own+"-"))
	allowed("making a directory", os.Mkdir(own+"d", 0o700))
	allowed("moving between directories", os.Rename(own+"-", own+"d/x"))
	denied("moving a file out", os.Rename(own+"d/x", dir+"/out"+mine))
	denied("a link to the outside of the fence", os.Symlink("/etc/passwd", own+"l"))
	denied("running a program", exec.Command(dir+"/write/program").Run())
	allowed("removing a file", os.Remove(own+"d/x"))
	allowed("removing a directory", os.Remove(own+"d"))

	place := dir + "/sockets/" + mine
	allowed("a directory for a socket", os.Mkdir(place, 0o700))
	l, err := net.Listen("unix", place+"/s")
	allowed("a socket in it", err)
	if err == nil {
		defer l.Close()
		allowed("moving the socket into its place", os.Rename(place+"/s", place+"s"))
		conn, err := net.Dial("unix", place+"s")
		allowed("connecting to it", err)
		if err == nil {
			_ = conn.Close()
		}
	}
	denied("a file among the sockets", writes(place+"f"))
	allowed("talking to the device", func() error {
		f, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
		if err == nil {
			err = f.Close()
		}
		return err
	}())
	denied("another device", reads("/dev/zero"))
	denied("a signal to another process", syscall.Kill(os.Getppid(), 0))
	allowed("a signal to itself", syscall.Kill(os.Getpid(), 0))
	return errors.Join(wrong...)
}

func TestAFencedProcessReachesWhatItsRulesNameAndNothingElse(t *testing.T) {
	t.Parallel()
	if version, err := ll.LandlockGetABIVersion(); err != nil || version < 6 {
		t.Skipf("this kernel has version %d of Landlock", version)
	}
	dir := t.TempDir()
	for _, sub := range []string{"read", "write", "sockets"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"read/there", "file", "secret"} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "write", "program"), []byte("#!/bin/true\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "secret"), filepath.Join(dir, "read", "link")); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), childVar+"="+dir)
	cmd.Dir = dir // an empty path is not the working directory
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the fenced process: %v\n%s", err, out)
	}
}

func TestTheDirectoriesAroundAFileAreItsOwnAndThatToWhichItLeads(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, sub := range []string{"here", "there"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "there", "real"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../there/real", filepath.Join(dir, "here", "link")); err != nil {
		t.Fatal(err)
	}
	got := fence.Around(filepath.Join(dir, "here", "link"), "", filepath.Join(dir, "here", "missing"), "/pass", "/dev/stdin")
	if len(got) < 4 || !slices.Equal(got[:4], []string{dir + "/here", dir + "/there", "/pass", "/dev/stdin"}) || slices.Contains(got, "/dev") {
		t.Errorf("got %q", got)
	}
}

func TestTheLogLineOfAFenceSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	text := fence.Report{Problem: "no such thing"}.LogValue().String()
	if !strings.Contains(text, "paths=false") || !strings.Contains(text, "problem=no such thing") || strings.Contains(text, "reads") {
		t.Error(text)
	}
}
