package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"signatory": main})
}

// The scripts in testdata run the real program, as people do.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			env.Setenv("ADDR", ln.Addr().String())
			return ln.Close()
		},
		Condition: func(name string) (bool, error) {
			if name != "landlock" {
				return false, fmt.Errorf("unknown condition %s", name)
			}
			version, err := ll.LandlockGetABIVersion()
			return err == nil && version >= 6, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": scriptExits,
			"await": scriptAwait,
			"mode":  scriptMode,
			"hup":   scriptHangUp,
			"shows": scriptShows,
			"own":   scriptOwn,
		},
	})
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

// await ARGS…: "signatory ARGS…" works, now or within some seconds.
func scriptAwait(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: await ARGS…")
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		err := ts.Exec("signatory", args...)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("signatory %s: %v", strings.Join(args, " "), err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// shows PATTERN ARGS…: what "signatory ARGS…" prints matches, now or within some
// seconds.
func scriptShows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: shows PATTERN ARGS…")
	}
	pattern, err := regexp.Compile(args[0])
	ts.Check(err)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		err := ts.Exec("signatory", args[1:]...)
		if err == nil && pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("signatory %s: %v, and nothing that matches %s", strings.Join(args[1:], " "), err, pattern)
		}
	}
}

// hup: SIGHUP to the only program in the background.
func scriptHangUp(ts *testscript.TestScript, neg bool, args []string) {
	running := ts.BackgroundCmds()
	if neg || len(args) != 0 || len(running) != 1 {
		ts.Fatalf("usage: hup, with one program in the background")
	}
	ts.Check(running[0].Process.Signal(syscall.SIGHUP))
}

// own FILE…: the files become ours alone, and ME in them is the number of our user.
func scriptOwn(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: own FILE…")
	}
	for _, name := range args {
		text := strings.ReplaceAll(ts.ReadFile(name), "ME", strconv.Itoa(os.Getuid()))
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
		ts.Check(os.Chmod(ts.MkAbs(name), 0o600))
	}
}

// mode OCTAL FILE…: the files have this mode.
func scriptMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: mode OCTAL FILE…")
	}
	for _, name := range args[1:] {
		if got := fileMode(ts.MkAbs(name)); got != args[0] {
			ts.Fatalf("%s has mode %s, want %s", name, got, args[0])
		}
	}
}

// fileMode is the mode of a file as four octal digits.
func fileMode(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%04o", info.Mode().Perm())
}
