package bench

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// ReadReport reads what WriteJSON wrote.
func ReadReport(in io.Reader) (Report, error) {
	var r Report
	if err := json.NewDecoder(in).Decode(&r); err != nil {
		return Report{}, fmt.Errorf("reading a report: %w", err)
	}
	if r.Scenario == "" {
		return Report{}, fmt.Errorf("reading a report: it names no scenario")
	}
	return r, nil
}

// WriteTable writes reports as one Markdown table, runs of the same kind beside
// one another. Several runs of one server stay several rows: their spread says
// what a difference is worth.
func WriteTable(out io.Writer, reports []Report) error {
	sorted := slices.Clone(reports)
	slices.SortStableFunc(sorted, func(a, b Report) int {
		return cmp.Or(
			cmp.Compare(a.Scenario, b.Scenario), cmp.Compare(a.size(), b.size()), cmp.Compare(a.shapeText(), b.shapeText()),
			cmp.Compare(a.Workers, b.Workers), cmp.Compare(a.Server, b.Server),
		)
	})
	var b strings.Builder
	b.WriteString("| what | workers | server | per second | p50 ms | p95 ms | p99 ms | failed | servers' CPU us | floor us | ratio | client's CPU us |\n")
	b.WriteString("|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, r := range sorted {
		fmt.Fprintf(&b, "| %s, %s | %d | %s | %.1f | %.2f | %.2f | %.2f | %d | %s | %s | %s | %.0f |\n",
			r.Scenario, r.shapeText(), r.Workers, strings.ReplaceAll(r.Server, "|", " "), r.PerSecond,
			r.Latency.P50, r.Latency.P95, r.Latency.P99, r.Errors.Total,
			known("%.0f", r.CPU.ServersPerOperation), known("%.0f", r.Floor.PerOperation), known("%.2f", r.Ratio),
			r.CPU.ClientPerOperation)
	}
	if _, err := io.WriteString(out, b.String()); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}

// size orders shapes: 2 inputs before 10.
func (r Report) size() int {
	sum := 0
	for n := range maps.Values(r.Shape) {
		sum += n
	}
	return sum
}

// known leaves out what is not.
func known(format string, value float64) string {
	if value == 0 {
		return ""
	}
	return fmt.Sprintf(format, value)
}
