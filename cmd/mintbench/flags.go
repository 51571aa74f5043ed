package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"mintmark/internal/bench"
)

// loadFlags are common to all commands.
type loadFlags struct {
	load         bench.Load
	json         bool
	quiet        bool
	maxErrorRate float64
}

func (f *loadFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.IntVarP(&f.load.Workers, "workers", "w", 16, "how many ask at the same time, each over its own connection")
	flags.DurationVarP(&f.load.Duration, "duration", "d", 0, "how long to measure (10s when --count is not given either)")
	flags.IntVarP(&f.load.Count, "count", "n", 0, "how many operations to measure; with --duration, whichever ends first")
	flags.IntVar(&f.load.Warmup, "warmup", 0, "operations before the clock starts (200); negative: none")
	flags.IntSliceVar(&f.load.PIDs, "pid", nil, "a process of the server, whose CPU time is reported; can be repeated")
	flags.BoolVar(&f.load.Children, "children", false, "add the CPU time of everything that descends from --pid")
	flags.IntVar(&f.load.DLEQ, "dleq-every", 0, "verify the DLEQ proof of every n-th signature after the run (50); negative: none")
	flags.BoolVar(&f.json, "json", false, "write the report as JSON")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "show no progress")
	flags.Float64Var(&f.maxErrorRate, "max-error-rate", 0, "the share of operations, 0 to 1, that may fail before the exit code is not 0")
}

// measure runs a benchmark and writes its report. Too many errors are an error,
// after the report.
func (f *loadFlags) measure(cmd *cobra.Command, do func(bench.Load) (bench.Report, error)) error {
	if f.maxErrorRate < 0 || f.maxErrorRate > 1 {
		return fmt.Errorf("--max-error-rate: %v is not in 0..1", f.maxErrorRate)
	}
	if !f.quiet {
		f.load.Progress = bench.NewProgress(cmd.ErrOrStderr(), isTerminal(cmd.ErrOrStderr()))
	}
	report, err := do(f.load)
	f.load.Progress.Close()
	if err != nil {
		return err
	}
	write := report.WriteText
	if f.json {
		write = report.WriteJSON
	}
	if err := write(cmd.OutOrStdout()); err != nil {
		return err
	}
	switch {
	case report.Succeeded == 0:
		return errors.New("no operation succeeded")
	case report.ErrorRate() > f.maxErrorRate:
		return fmt.Errorf("%d of %d operations failed", report.Errors.Total, report.Errors.Total+report.Succeeded)
	case cmd.Context().Err() != nil:
		return errors.New("interrupted")
	}
	return nil
}

func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// mintFlags are common to the commands that need a mint.
type mintFlags struct {
	mint bench.Mint
}

func (f *mintFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.mint.URL, "url", "http://127.0.0.1:3338", "the mint")
	flags.StringVar(&f.mint.Unit, "unit", "sat", "the unit of the keyset to use")
	flags.DurationVar(&f.mint.Timeout, "timeout", 30*time.Second, "how long to wait for one answer")
	flags.DurationVar(&f.mint.Patience, "patience", time.Minute, "how long to wait for a quote to be paid")
	flags.BoolVar(&f.mint.AllowRemote, "allow-remote", false, "allow a mint that is not on this machine; it must be yours")
}
