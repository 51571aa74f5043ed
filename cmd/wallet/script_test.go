package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"mintmark/e2e/harness"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"wallet": main})
}

// The scripts in testdata run the real program against real mints, as people do.
func TestScripts(t *testing.T) {
	t.Parallel()
	mints := startMints(t, 2)
	slow := startMint(t, mints[0].Programs, strings.Replace(harness.Quick("10s"), `incoming_delay = "20ms"`, `incoming_delay = "1h"`, 1))
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("XDG_DATA_HOME", "")
			env.Setenv("MINT", mints[0].URL())
			env.Setenv("MINT2", mints[1].URL())
			env.Setenv("SLOWMINT", slow.URL())
			env.Setenv("NOMINT", "http://127.0.0.1:1")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": scriptExits,
			"mode":  scriptMode,
			"keep":  scriptKeep,
		},
	})
}

// startMints starts mints with a payment backend of one network, each on a signatory
// of its own.
func startMints(t *testing.T, n int) []*harness.Stack {
	t.Helper()
	programs, err := harness.Build(context.Background(), filepath.Join(t.TempDir(), "bin"), "")
	if err != nil {
		t.Fatal(err)
	}
	var mints []*harness.Stack
	for range n {
		mints = append(mints, startMint(t, programs, harness.Quick("10s")))
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
