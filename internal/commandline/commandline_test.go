package commandline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

var errTired = errors.New("tired")

// run runs a program with a group of two commands, "do" and "rest", and a flag.
func run(args ...string) (code int, out, errs string) {
	do := &cobra.Command{Use: "do THING", Args: Args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, args []string) error {
		if args[0] == "nothing" {
			return Usagef(cmd, "%s is not a thing", args[0])
		}
		_, err := fmt.Fprintln(cmd.OutOrStdout(), "did", args[0])
		return err
	}}
	rest := &cobra.Command{Use: "rest", Args: NoArgs, RunE: func(*cobra.Command, []string) error {
		first := Hint(fmt.Errorf("resting: %w", errTired), "sleep")
		return fmt.Errorf("%w", Hint(errors.Join(first, errors.New("awake")), "or wait %d hours", 8))
	}}
	group := Group(&cobra.Command{Use: "group"}, do, rest)
	group.PersistentFlags().Int("much", 0, "")
	root := &cobra.Command{Use: "program", Short: "be tried"}
	root.AddCommand(group)
	var stdout, stderr bytes.Buffer
	err := Execute(context.Background(), root, args, Streams{strings.NewReader(""), &stdout, &stderr})
	if err != nil {
		Report(&stderr, "program", err, "ask")
	}
	return ExitCode(err), stdout.String(), stderr.String()
}

func TestALineThatMakesNoSenseSaysWhyAndWhereTheHelpIs(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"group":                  "program: error: say do or rest\nprogram: hint: program group --help explains the command\nprogram: hint: ask\n",
		"group --much 3":         "program: error: say do or rest\n",
		"group play":             `program: error: unknown command "play" for "program group"` + "\nprogram: hint: program group --help",
		"group do":               "program: error: accepts 1 arg(s), received 0\nprogram: hint: program group do --help",
		"group do nothing":       "program: error: nothing is not a thing\n",
		"group rest --much some": "invalid argument",
		"group rest --little":    "program: error: unknown flag: --little\nprogram: hint: program group rest --help explains the command\n",
		"play":                   "program: error: unknown command",
	} {
		code, out, errs := run(strings.Fields(line)...)
		if code != ExitUsage || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%s: code %d, %q, it says %q, want %q", line, code, out, errs, want)
		}
	}
}

func TestAFailureShowsEachOfItsLinesAndAllAdvice(t *testing.T) {
	t.Parallel()
	code, out, errs := run("group", "rest", "--much", "1")
	want := "program: error: resting: tired\nprogram: error: awake\nprogram: hint: or wait 8 hours\nprogram: hint: sleep\nprogram: hint: ask\n"
	if code != ExitFailure || out != "" || errs != want {
		t.Errorf("code %d, %q, it says %q, want %q", code, out, errs, want)
	}
	if code, out, errs := run("group", "do", "it"); code != ExitOK || out != "did it\n" || errs != "" {
		t.Errorf("what works: code %d, %q, %q", code, out, errs)
	}
	if code, out, _ := run(); code != ExitOK || !strings.Contains(out, "be tried") {
		t.Errorf("alone: code %d, %q", code, out)
	}
	if err := Hint(nil, "nothing"); err != nil || Hints(err) != nil {
		t.Errorf("advice without an error is %v", err)
	}
	if err := Hint(errTired, "sleep"); !errors.Is(err, errTired) {
		t.Error("advice hides the error")
	}
}
