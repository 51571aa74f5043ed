package bench

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// WriteText writes the report for people.
func (r Report) WriteText(out io.Writer) error {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-9s %s\n", name, fmt.Sprintf(format, args...))
	}
	line(r.Scenario, "%s at %s", r.shapeText(), r.Target)
	line("server", "%s", strings.TrimPrefix(r.Server+", keyset "+r.Keyset+", "+r.Unit, ", "))
	line("load", "%d workers for %.2f s on %d cores, after %.1f s of setup; ended by: %s", r.Workers, r.Elapsed, r.Cores, r.Setup, r.Stopped)
	line("done", "%d, %.1f per second", r.Succeeded, r.PerSecond)
	if r.Errors.Total > 0 {
		line("failed", "%d (%.2f %%)  %s", r.Errors.Total, 100*r.ErrorRate(), r.Errors.text())
		for _, e := range r.Errors.Examples {
			line("", "  %s", e)
		}
	} else {
		line("failed", "0")
	}
	l := r.Latency
	line("latency", "p50 %.2f ms, p95 %.2f, p99 %.2f, max %.2f", l.P50, l.P95, l.P99, l.Max)
	r.cpuText(line)
	r.floorText(line)
	line("checked", "%s", r.checkedText())
	for _, n := range r.Notes {
		line("note", "%s", n)
	}
	_, err := io.WriteString(out, b.String())
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

func (r Report) shapeText() string {
	var parts []string
	for _, what := range []string{"inputs", "outputs", "ys", "messages"} {
		if n, there := r.Shape[what]; there {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	return strings.Join(parts, ", ")
}

func (r Report) cpuText(line func(name, format string, args ...any)) {
	c := r.CPU
	line("client", "%.2f s of CPU, %.0f us per operation", c.ClientSeconds, c.ClientPerOperation)
	if c.Problem != "" {
		line("servers", "%s", c.Problem)
	}
	for _, p := range c.Processes {
		line("process", "%.2f s of CPU, %.0f us per operation: %s (%d)", p.Seconds, p.MicrosecondsPerOperation, shorten(p.Name), p.PID)
	}
	if len(c.Processes) > 1 {
		line("servers", "%.2f s of CPU, %.0f us per operation", c.ServersSeconds, c.ServersPerOperation)
	}
}

func (r Report) floorText(line func(name, format string, args ...any)) {
	f := r.Floor
	text := fmt.Sprintf("hash to curve %.1f us, multiplication %.1f, of the generator %.1f, decompression %.1f",
		f.HashToCurve, f.Multiply, f.MultiplyBase, f.Decompression)
	if f.PerOperation > 0 {
		text = fmt.Sprintf("%.0f us of curve per operation: %s", f.PerOperation, text)
	}
	line("floor", "%s", text)
	if r.Ratio > 0 {
		line("ratio", "the servers use %.2f times the floor", r.Ratio)
	}
}

func (r Report) checkedText() string {
	text := fmt.Sprintf("%d answers, %d DLEQ proofs", r.Checked.Answers, r.Checked.DLEQ)
	if r.Checked.WithoutDLEQ > 0 {
		text += fmt.Sprintf("; %d signatures came without one", r.Checked.WithoutDLEQ)
	}
	return text
}

func (e Errors) text() string {
	var parts []string
	add := func(what string, counts map[string]int) {
		for _, k := range slices.Sorted(maps.Keys(counts)) {
			parts = append(parts, fmt.Sprintf("%s%s: %d", what, k, counts[k]))
		}
	}
	add("", e.ByKind)
	add("code ", e.ByCode)
	add("status ", e.ByStatus)
	return strings.Join(parts, ", ")
}
