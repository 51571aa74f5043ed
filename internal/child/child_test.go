//go:build unix

package child

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// roleVar makes the test binary play a child, or a parent that is to be killed.
const roleVar = "MINTMARK_TEST_CHILD_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVar); role != "" {
		os.Exit(play(role))
	}
	goleak.VerifyTestMain(m)
}

func play(role string) int {
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	switch role {
	case "obedient":
		fmt.Fprintln(os.Stderr, "ready")
		<-term
		fmt.Fprint(os.Stderr, "bye without a newline")
		return 0
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		fmt.Fprintln(os.Stderr, "ready")
		time.Sleep(time.Minute)
	case "failing":
		fmt.Fprintln(os.Stderr, `{"level":"ERROR","msg":"no seed"}`)
		return 3
	case "eof":
		fmt.Fprintln(os.Stderr, "ready")
		_, _ = io.Copy(io.Discard, os.Stdin)
		return 0
	case "grandparent":
		g := exec.Command(os.Args[0])
		g.Env = append(os.Environ(), roleVar+"=stubborn")
		g.Stderr = os.Stderr
		if err := g.Start(); err != nil {
			return 1
		}
		fmt.Fprintf(os.Stderr, "grandchild %d\n", g.Process.Pid)
		<-term
		return 0
	case "parent":
		c, err := New(Config{Path: os.Args[0], Env: append(os.Environ(), roleVar+"=stubborn"),
			Changed: func(s State) { fmt.Println(s.PID) }})
		if err != nil {
			return 1
		}
		_ = c.Run(context.Background())
	}
	return 1
}

// records collects what is logged.
type records struct {
	mu    sync.Mutex
	lines []string
	fresh chan struct{}
}

func newRecords() *records { return &records{fresh: make(chan struct{}, 1)} }

func (r *records) Enabled(context.Context, slog.Level) bool { return true }
func (r *records) WithAttrs([]slog.Attr) slog.Handler       { return r }
func (r *records) WithGroup(string) slog.Handler            { return r }
func (r *records) Handle(_ context.Context, rec slog.Record) error {
	text := rec.Level.String() + " " + rec.Message
	rec.Attrs(func(a slog.Attr) bool { text += " " + a.String(); return true })
	r.mu.Lock()
	r.lines = append(r.lines, text)
	r.mu.Unlock()
	select {
	case r.fresh <- struct{}{}:
	default:
	}
	return nil
}

// wait returns the n-th (from 1) line that contains text.
func (r *records) wait(t *testing.T, text string, n int) string {
	t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		r.mu.Lock()
		seen := 0
		for _, l := range r.lines {
			if strings.Contains(l, text) {
				if seen++; seen == n {
					r.mu.Unlock()
					return l
				}
			}
		}
		all := strings.Join(r.lines, "\n")
		r.mu.Unlock()
		select {
		case <-r.fresh:
		case <-timeout:
			t.Fatalf("no record %d with %q in:\n%s", n, text, all)
		}
	}
}

// start runs a child of the test binary in the role until the test ends.
func start(t *testing.T, role string, change func(*Config)) (c *Child, logged *records, stop func()) {
	t.Helper()
	logged = newRecords()
	cfg := Config{
		Path:   os.Args[0],
		Env:    append(os.Environ(), roleVar+"="+role, "GORACE=atexit_sleep_ms=0"),
		Name:   "test",
		Logger: slog.New(logged),
	}
	if change != nil {
		change(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := c.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	stop = func() {
		cancel()
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			t.Error("Run did not return after its context ended")
		}
	}
	t.Cleanup(stop)
	return c, logged, stop
}

// gone waits until no process of this number is alive (a zombie counts as dead).
func gone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if err := syscall.Kill(pid, 0); err == syscall.ESRCH {
			return
		}
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err == nil && strings.Contains(string(stat), ") Z ") {
			return
		}
	}
	t.Fatalf("process %d is still alive", pid)
}

func TestConfigReportsEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := New(Config{StopTimeout: -1, MinBackoff: time.Minute, MaxBackoff: time.Second})
	if err == nil {
		t.Fatal("New took a wrong configuration")
	}
	for _, want := range []string{"path is empty", "stop timeout is negative", "min backoff is longer"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
}

func TestObedientChildRunsAndStopsOnSIGTERM(t *testing.T) {
	t.Parallel()
	c, logged, stop := start(t, "obedient", nil)
	logged.wait(t, "line=ready", 1)
	s := c.State()
	if !s.Running || s.PID == 0 || s.Starts != 1 || s.LastExit != "" {
		t.Errorf("state of a running child is %+v", s)
	}
	if pgid, err := syscall.Getpgid(s.PID); err != nil || pgid != s.PID {
		t.Errorf("process group is %d (%v), want its own, %d", pgid, err, s.PID)
	}
	stop()
	logged.wait(t, "line=bye without a newline", 1)
	if got := c.State(); got.Running || got.PID != 0 || got.LastExit != "exit status 0" {
		t.Errorf("state after the stop is %+v", got)
	}
	gone(t, s.PID)
}

func TestStubbornChildIsKilledAfterTheDeadline(t *testing.T) {
	t.Parallel()
	c, logged, stop := start(t, "stubborn", func(cfg *Config) { cfg.StopTimeout = 50 * time.Millisecond })
	logged.wait(t, "line=ready", 1)
	pid := c.State().PID
	stop()
	logged.wait(t, "did not stop in time", 1)
	if got := c.State().LastExit; got != "signal: killed" {
		t.Errorf("last exit is %q, want a kill", got)
	}
	gone(t, pid)
}

func TestFailingChildIsStartedAgainAndItsLevelsAreKept(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []State
	c, logged, stop := start(t, "failing", func(cfg *Config) {
		cfg.MinBackoff, cfg.MaxBackoff = time.Millisecond, 4*time.Millisecond
		cfg.Changed = func(s State) { mu.Lock(); seen = append(seen, s); mu.Unlock() }
	})
	logged.wait(t, "ERROR no seed", 3)
	logged.wait(t, "exit status 3", 3)
	stop()
	if c.State().Starts < 3 {
		t.Errorf("starts is %d, want at least 3", c.State().Starts)
	}
	mu.Lock()
	defer mu.Unlock()
	for i, s := range seen {
		if s.Running != (i%2 == 0) {
			t.Fatalf("state %d is %+v: running and ended do not take turns", i, s)
		}
	}
}

func TestChildKilledByAStrangerIsStartedAgain(t *testing.T) {
	t.Parallel()
	c, logged, _ := start(t, "obedient", func(cfg *Config) { cfg.MinBackoff = time.Millisecond })
	logged.wait(t, "line=ready", 1)
	first := c.State().PID
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	logged.wait(t, "line=ready", 2)
	if s := c.State(); !s.Running || s.PID == first || s.Starts != 2 || s.LastExit != "signal: killed" {
		t.Errorf("state of the second child is %+v, first pid was %d", s, first)
	}
}

func TestMissingProgramIsTriedAgain(t *testing.T) {
	t.Parallel()
	c, logged, stop := start(t, "", func(cfg *Config) {
		cfg.Path = t.TempDir() + "/nothing"
		cfg.MinBackoff, cfg.MaxBackoff = time.Millisecond, time.Millisecond
	})
	logged.wait(t, "starting the child process", 2)
	stop()
	if s := c.State(); s.Running || !strings.Contains(s.LastExit, "no such file") {
		t.Errorf("state is %+v", s)
	}
}

func TestGrandchildrenGoWithTheChild(t *testing.T) {
	t.Parallel()
	_, logged, stop := start(t, "grandparent", nil)
	_, number, _ := strings.Cut(logged.wait(t, "line=grandchild ", 1), "line=grandchild ")
	pid, err := strconv.Atoi(number)
	if err != nil {
		t.Fatal(err)
	}
	logged.wait(t, "line=ready", 1)
	stop()
	gone(t, pid)
}

// The pipe is what tells a child on systems without a parent-death signal.
func TestStandardInputStaysOpenWhileTheParentLives(t *testing.T) {
	t.Parallel()
	c, logged, _ := start(t, "eof", func(cfg *Config) { cfg.StopTimeout = time.Millisecond })
	logged.wait(t, "line=ready", 1)
	time.Sleep(50 * time.Millisecond)
	if s := c.State(); !s.Running || s.Starts != 1 {
		t.Errorf("the child saw an end of its input: %+v", s)
	}
}

func TestChildDiesWithAParentThatWasKilled(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("needs the parent-death signal of Linux")
	}
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), roleVar+"=parent")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("the child %d is not alive: %v", pid, err)
	}
	_ = parent.Process.Kill()
	_ = parent.Wait()
	gone(t, pid)
}

// If the thread that forked could end, the child would die with it: this makes
// the runtime end and start threads while a child runs.
func TestChildSurvivesTheEndOfOtherThreads(t *testing.T) {
	t.Parallel()
	c, logged, _ := start(t, "obedient", nil)
	logged.wait(t, "line=ready", 1)
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
			time.Sleep(time.Millisecond)
		})
	}
	wg.Wait()
	time.Sleep(50 * time.Millisecond)
	if s := c.State(); !s.Running || s.Starts != 1 {
		t.Errorf("the child ended with a thread of its parent: %+v", s)
	}
}

func TestJitterIsBetweenHalfAndWhole(t *testing.T) {
	t.Parallel()
	for range 1000 {
		if d := jitter(time.Second); d < time.Second/2 || d > time.Second {
			t.Fatalf("jitter of one second is %v", d)
		}
	}
}
