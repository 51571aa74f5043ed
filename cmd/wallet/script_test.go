package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"mintmark/e2e/harness"
)

func TestMain(m *testing.M) {
	testscript.Main(cleaning{m}, map[string]func(){"wallet": main})
}

// cleaning removes the programs after the tests.
type cleaning struct{ *testing.M }

func (c cleaning) Run() int {
	code := c.M.Run()
	_ = os.RemoveAll(built.dir)
	return code
}

// built is the programs of all tests here, which can be made to crash: building them
// costs more than most tests.
var built struct {
	once     sync.Once
	dir      string
	programs harness.Programs
	err      error
}

func programs(t *testing.T) harness.Programs {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "wallet-programs-"); built.err == nil {
			built.programs, built.err = harness.Build(context.Background(), built.dir, "crashpoints")
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.programs
}

// The scripts in testdata run the real program against real mints, as people do.
func TestScripts(t *testing.T) {
	t.Parallel()
	mints := startMints(t, 2)
	paidAfter := func(delay string) *harness.Stack {
		return startMint(t, mints[0].Programs, strings.Replace(harness.Quick("10s"), `incoming_delay = "20ms"`, `incoming_delay = "`+delay+`"`, 1))
	}
	slow, late := paidAfter("1h"), paidAfter("40s")
	service := startService(t, mints[1].URL())
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("XDG_DATA_HOME", "")
			env.Setenv("MINT", mints[0].URL())
			env.Setenv("MINT2", mints[1].URL())
			env.Setenv("SLOWMINT", slow.URL())
			env.Setenv("LATEMINT", late.URL())
			env.Setenv("CRASHING", mints[0].Programs.Wallet)
			env.Setenv("KEY", someKey)
			env.Setenv("NOMINT", "http://127.0.0.1:1")
			env.Setenv("SERVICE", service)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":  scriptExits,
			"mode":   scriptMode,
			"keep":   scriptKeep,
			"until":  scriptUntil,
			"await":  scriptAwait,
			"thaw":   scriptThaw,
			"rotate": func(*testscript.TestScript, bool, []string) { mints[0].Rotate() },
		},
	})
}

// startMints starts mints with a payment backend of one network, each on a signatory
// of its own.
func startMints(t *testing.T, n int) []*harness.Stack {
	t.Helper()
	programs := programs(t)
	var mints []*harness.Stack
	offers := strings.Replace(harness.Quick("10s"), "[lightning.fake]", "[lightning.fake]\nmethods = [\"bolt11\", \"bolt12\"]", 1)
	for range n {
		mints = append(mints, startMint(t, programs, offers))
	}
	return mints
}

func startMint(t *testing.T, programs harness.Programs, config string) *harness.Stack {
	t.Helper()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Config = config
	s.Start()
	return s
}

// someKey is a public key that nobody of a script has.
const someKey = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5"

// patience is how long a script waits for something at most.
const patience = 3 * time.Minute

// until PATTERN PROGRAM ARGS…: run the program again and again until its output
// matches.
func scriptUntil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until PATTERN PROGRAM ARGS…")
	}
	pattern, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for began := time.Now(); time.Since(began) < patience; time.Sleep(200 * time.Millisecond) {
		if err := ts.Exec(args[1], args[2:]...); err == nil && pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
	}
	ts.Fatalf("nothing has matched %s in time", args[0])
}

// await FILE: wait until there is such a file.
func scriptAwait(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await FILE")
	}
	for began := time.Now(); time.Since(began) < patience; time.Sleep(20 * time.Millisecond) {
		if text, err := os.ReadFile(ts.MkAbs(args[0])); err == nil && len(text) > 0 {
			return
		}
	}
	ts.Fatalf("there is no %s in time", args[0])
}

// thaw FILE: the process that has written its id into the file, and was frozen, goes
// on.
func scriptThaw(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: thaw FILE")
	}
	text := strings.TrimSpace(ts.ReadFile(args[0]))
	pid, err := strconv.Atoi(text[strings.LastIndexByte(text, ' ')+1:])
	ts.Check(err)
	ts.Check(syscall.Kill(pid, syscall.SIGCONT))
}

// exits CODE PROGRAM ARGS…: the program must end with this code.
func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// keep NAME PATTERN: the first group that matches in stdout becomes the variable.
func scriptKeep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: keep NAME PATTERN")
	}
	pattern, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	found := pattern.FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) != 2 {
		ts.Fatalf("nothing in stdout matches %s", args[1])
	}
	ts.Setenv(args[0], found[1])
}

// mode OCTAL FILE…: the files have this mode.
func scriptMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: mode OCTAL FILE…")
	}
	for _, name := range args[1:] {
		info, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
			ts.Fatalf("%s has mode %s, want %s", name, got, args[0])
		}
	}
}
