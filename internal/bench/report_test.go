package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"mintmark/wallet/mintclient"
)

func TestFaultsAreCountedApart(t *testing.T) {
	t.Parallel()
	var a, b tally
	a.add(refusal(mintclient.Reply{Status: 400, Kind: "application/json", Body: []byte(`{"code":11001,"detail":"spent"}`)}))
	a.add(refusal(mintclient.Reply{Status: 400, Kind: "application/json", Body: []byte(`{"code":11001,"detail":"spent"}`)}))
	b.add(wrong(kindDLEQ, "x"))
	b.add(asFault(fmt.Errorf("sending: %w", syscall.ECONNREFUSED)))
	b.add(asFault(fmt.Errorf("reading: %w", io.ErrUnexpectedEOF)))
	b.add(asFault(fmt.Errorf("reading: %w", os.ErrDeadlineExceeded)))
	b.add(asFault(errors.New("something else")))
	var all tally
	all.merge(a)
	all.merge(b)
	e := all.errors()
	if e.Total != 7 || e.ByCode["11001"] != 2 || e.ByStatus["400"] != 2 || len(e.Examples) != maxExamples {
		t.Errorf("got %+v", e)
	}
	for kind, want := range map[string]int{
		kindRefused: 2, kindDLEQ: 1, "connection refused": 1, "connection closed": 1, kindTimeout: 1, kindConnection: 1,
	} {
		if e.ByKind[kind] != want {
			t.Errorf("%s: %d, want %d", kind, e.ByKind[kind], want)
		}
	}
}

func sampleReport() Report {
	return Report{
		Scenario: "swap", Target: "http://127.0.0.1:3338", Server: "Mint x/1", Keyset: "00aa", Unit: "sat",
		Shape: map[string]int{"inputs": 2, "outputs": 2}, Notes: []string{"a note"},
		Workers: 64, Cores: 2, Elapsed: 10, Stopped: stoppedByTime, Succeeded: 90, PerSecond: 9,
		Latency: LatencySummary{P50: 1.5, P95: 2.5, P99: 3.5, Max: 4.5},
		Errors: Errors{Total: 10, ByKind: map[string]int{"refused": 10}, ByCode: map[string]int{"11001": 10},
			ByStatus: map[string]int{"400": 10}, Examples: []string{"refused: spent"}},
		CPU:   CPU{ClientSeconds: 1, Processes: []ProcessCPU{{PID: 7, Name: "mintd", Seconds: 2}, {PID: 8, Name: "signatory", Seconds: 3}}, ServersSeconds: 5},
		Floor: FloorReport{PerOperation: 500}, Ratio: 1.75, Checked: Checked{Answers: 90, DLEQ: 9, WithoutDLEQ: 1},
	}
}

func TestTheTextTellsWhatTheRunFound(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := sampleReport().WriteText(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"2 inputs, 2 outputs at http://127.0.0.1:3338", "64 workers", "9.0 per second", "10 (10.00 %)",
		"code 11001: 10", "status 400: 10", "refused: spent", "p50 1.50 ms, p95 2.50, p99 3.50, max 4.50",
		"mintd (7)", "signatory (8)", "1.75 times", "9 DLEQ proofs; 1 signatures came without one", "a note",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the text lacks %q:\n%s", want, out.String())
		}
	}
}

func TestTheJSONComesBackAsItWas(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	want := sampleReport()
	if err := want.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	var got Report
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Latency != want.Latency || got.Errors.ByCode["11001"] != 10 || got.Ratio != want.Ratio || len(got.CPU.Processes) != 2 {
		t.Errorf("got %+v", got)
	}
}

func TestARunOfNothingHasFailed(t *testing.T) {
	t.Parallel()
	if rate := (Report{}).ErrorRate(); rate != 1 {
		t.Errorf("error rate %v, want 1", rate)
	}
}

func TestProgressIsABarOnATerminalAndLinesElsewhere(t *testing.T) {
	t.Parallel()
	p := &Progress{name: "running", total: 10}
	p.Add(5)
	p.Fail()
	if got := p.text(2 * time.Second); !strings.Contains(got, "[############            ]  50 %  5, 2 per second, 1 failed") {
		t.Errorf("got %q", got)
	}
	var lines bytes.Buffer
	q := NewProgress(&lines, false)
	q.Phase("warming up", 3)
	q.TimedPhase("running", time.Second)
	q.Close()
	if got := lines.String(); got != "warming up\nrunning\n" {
		t.Errorf("got %q", got)
	}
	var bar bytes.Buffer
	r := NewProgress(&bar, true)
	r.Phase("running", 2)
	r.Add(1)
	r.show()
	r.Close()
	if got := bar.String(); !strings.HasPrefix(got, "\rrunning") || !strings.HasSuffix(got, " \r") || strings.Contains(got, "\n") {
		t.Errorf("got %q", got)
	}
	var none *Progress
	none.Phase("nothing", 1)
	none.Add(1)
	none.Fail()
	none.Close()
}
