package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"time"
)

// Report is the result of a run. Its JSON is meant to be kept and compared.
type Report struct {
	Scenario string         `json:"scenario"` // swap, mint, checkstate, restore, sign, verify
	Target   string         `json:"target"`
	Server   string         `json:"server,omitzero"` // name and version, as it says
	Keyset   string         `json:"keyset,omitzero"`
	Unit     string         `json:"unit,omitzero"`
	Shape    map[string]int `json:"shape"` // items of one operation: inputs, outputs, ys, messages
	Notes    []string       `json:"notes"`

	Workers   int       `json:"workers"`
	Cores     int       `json:"cores"`
	Go        string    `json:"go"`
	Started   time.Time `json:"started"`
	Setup     float64   `json:"setup_seconds"`
	Warmup    int       `json:"warmup_operations"`
	Elapsed   float64   `json:"elapsed_seconds"`
	Stopped   string    `json:"stopped"`
	Succeeded int       `json:"succeeded"`
	PerSecond float64   `json:"per_second"`

	Latency LatencySummary `json:"latency_ms"` // of the operations that succeeded
	Errors  Errors         `json:"errors"`
	Checked Checked        `json:"checked"`
	CPU     CPU            `json:"cpu"`
	Floor   FloorReport    `json:"floor"`
	// Ratio is the servers' CPU time per operation over the floor; 0 when either
	// is unknown.
	Ratio float64 `json:"ratio_to_floor,omitzero"`
}

// Checked says how many answers were held against the question, and how many
// signatures against their DLEQ proof.
type Checked struct {
	Answers     int `json:"answers"`
	DLEQ        int `json:"dleq"`
	WithoutDLEQ int `json:"signatures_without_dleq"`
}

// CPU is the CPU time spent while the clock ran.
type CPU struct {
	ClientSeconds       float64      `json:"client_seconds"`
	ClientPerOperation  float64      `json:"client_us_per_operation"`
	ServersSeconds      float64      `json:"servers_seconds"`
	ServersPerOperation float64      `json:"servers_us_per_operation"`
	Processes           []ProcessCPU `json:"processes"`
	Problem             string       `json:"problem,omitzero"`
}

// FloorReport is the Floor in microseconds.
type FloorReport struct {
	HashToCurve   float64 `json:"hash_to_curve_us"`
	Multiply      float64 `json:"multiplication_us"`
	MultiplyBase  float64 `json:"base_multiplication_us"`
	Decompression float64 `json:"decompression_us"`
	PerOperation  float64 `json:"per_operation_us,omitzero"`
}

// ErrorRate is the share of operations that failed.
func (r Report) ErrorRate() float64 {
	all := r.Succeeded + r.Errors.Total
	if all == 0 {
		return 1
	}
	return float64(r.Errors.Total) / float64(all)
}

type course struct {
	started time.Time
	setup   time.Duration
	warmup  int
}

func assemble(l Load, s scenario, b burst, f Floor, cpu CPU, checked Checked, c course) Report {
	r := Report{
		Shape: map[string]int{}, Notes: []string{},
		Workers: l.Workers, Cores: runtime.NumCPU(), Go: runtime.Version(),
		Started: c.started.UTC().Truncate(time.Second), Setup: c.setup.Seconds(), Warmup: c.warmup,
		Elapsed: b.elapsed.Seconds(), Stopped: b.stopped, Succeeded: b.latencies.Len(), PerSecond: b.perSecond(),
		Latency: b.latencies.Summary(), Errors: b.tally.errors(), Checked: checked, CPU: cpu,
		Floor: FloorReport{
			HashToCurve: microseconds(f.HashToCurve), Multiply: microseconds(f.Multiply),
			MultiplyBase: microseconds(f.MultiplyBase), Decompression: microseconds(f.Decompression),
			PerOperation: microseconds(s.floor(f)),
		},
	}
	if r.CPU.Processes == nil {
		r.CPU.Processes = []ProcessCPU{}
	}
	if r.Floor.PerOperation > 0 && cpu.ServersPerOperation > 0 {
		r.Ratio = cpu.ServersPerOperation / r.Floor.PerOperation
	}
	s.describe(&r)
	return r
}

// WriteJSON writes the report, indented.
func (r Report) WriteJSON(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}
