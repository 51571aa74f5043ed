package bench

import (
	"context"
	"testing"
	"time"

	"mintmark/cashu"
)

// small is a load that ends quickly and checks everything.
func small(count int) Load {
	return Load{Workers: 4, Count: count, Warmup: 4, DLEQ: 1, measureFloor: anyFloor}
}

func anyFloor(context.Context) (Floor, error) { return Floor{1, 2, 3, 4}, nil }

func mustRun(t *testing.T) func(Report, error) Report {
	t.Helper()
	return func(r Report, err error) Report {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if r.Errors.Total != 0 {
			t.Fatalf("%d operations failed: %+v", r.Errors.Total, r.Errors)
		}
		return r
	}
}

func TestSwapsOfEveryShapeSucceedOnATrueMint(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		cfg  SwapConfig
		fee  uint64
	}{
		{"two for two, each swap spending what the last one made", SwapConfig{}, 0},
		{"one for one", SwapConfig{Inputs: 1, Outputs: 1}, 0},
		{"with true blinding factors", SwapConfig{Blind: true}, 0},
		{"with coins minted beforehand", SwapConfig{Fresh: true, Blind: true}, 0},
		{"one for three", SwapConfig{Inputs: 1, Outputs: 3}, 0},
		{"five for one", SwapConfig{Inputs: 5, Outputs: 1}, 0},
		{"two for two, with a fee", SwapConfig{}, 100},
		{"three for two, with a large fee", SwapConfig{Inputs: 3, Outputs: 2}, 2500},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			mint := newFakeMint(t)
			mint.takes(tt.fee)
			r := mustRun(t)(Swap(t.Context(), small(12), mint.start(), tt.cfg))
			if r.Succeeded != 12 || r.Stopped != stoppedByCount || r.Checked.Answers != 12 {
				t.Errorf("%d swaps, %d checked, ended by %q", r.Succeeded, r.Checked.Answers, r.Stopped)
			}
			if want := 12 * r.Shape["outputs"]; r.Checked.DLEQ != want || r.Checked.WithoutDLEQ != 0 {
				t.Errorf("%d DLEQ proofs verified, want %d", r.Checked.DLEQ, want)
			}
			if mint.swaps < 16 { // 4 of the warm-up
				t.Errorf("the mint made %d swaps", mint.swaps)
			}
			if r.Latency.P50 <= 0 || r.Latency.P99 < r.Latency.P50 || r.Latency.Max < r.Latency.P99 || r.PerSecond <= 0 {
				t.Errorf("latencies %+v at %v per second", r.Latency, r.PerSecond)
			}
			if r.Floor.PerOperation <= 0 {
				t.Error("the floor is missing")
			}
		})
	}
}

func TestMintsSpeakDifferently(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		style func(*fakeMint)
	}{
		{"a keyset id of version 1, bare keys, state only", func(m *fakeMint) {
			m.id, m.bareKeys, m.payAfter = cashu.DeriveKeysetIDV1(m.public).String(), true, 1
		}},
		{"the paid field of old", func(m *fakeMint) {
			m.payAfter = 2
			m.quoteStyle = func(paid bool) map[string]any { return map[string]any{"paid": paid, "expiry": nil} }
		}},
		{"amounts paid and issued instead of a state", func(m *fakeMint) {
			m.payAfter = 1
			m.quoteStyle = func(paid bool) map[string]any {
				return map[string]any{"amount_paid": map[bool]int{true: 1 << 20}[paid], "amount_issued": 0}
			}
		}},
		{"no info, no DLEQ", func(m *fakeMint) {
			m.noInfo, m.noDLEQ = true, true
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			mint := newFakeMint(t)
			tt.style(mint)
			r := mustRun(t)(Swap(t.Context(), small(6), mint.start(), SwapConfig{}))
			if r.Succeeded != 6 || r.Keyset != mint.id {
				t.Errorf("%d swaps with keyset %s", r.Succeeded, r.Keyset)
			}
			if proofs := r.Checked.DLEQ > 0; proofs == mint.noDLEQ || (r.Checked.WithoutDLEQ > 0) != mint.noDLEQ {
				t.Errorf("checked %+v", r.Checked)
			}
		})
	}
}

func TestMintingSpendsOneQuoteForEachOperation(t *testing.T) {
	t.Parallel()
	mint := newFakeMint(t)
	r := mustRun(t)(Issue(t.Context(), small(10), mint.start(), IssueConfig{Outputs: 3}))
	issued := 0
	for _, q := range mint.quotes {
		if q.issued {
			issued++
		}
	}
	if r.Succeeded != 10 || issued != 14 || r.Checked.DLEQ != 30 { // 4 of the warm-up
		t.Errorf("%d done, %d quotes issued, %d proofs checked", r.Succeeded, issued, r.Checked.DLEQ)
	}
}

func TestStatesAndSignaturesAreHeldAgainstWhatIsKnown(t *testing.T) {
	t.Parallel()
	mint := newFakeMint(t)
	at := mint.start()
	r := mustRun(t)(CheckState(t.Context(), small(8), at, CheckStateConfig{Ys: 30}))
	if r.Succeeded != 8 || len(mint.spent) != 15 || r.Ratio != 0 {
		t.Errorf("checkstate: %d done with %d spent", r.Succeeded, len(mint.spent))
	}
	r = mustRun(t)(Restore(t.Context(), small(8), at, RestoreConfig{Outputs: 20, Signed: 0.25}))
	if r.Succeeded != 8 || r.Scenario != "restore" {
		t.Errorf("restore: %d done", r.Succeeded)
	}
}

func TestCoinsAreSpentForTheQuestionEvenAtAFee(t *testing.T) {
	t.Parallel()
	mint := newFakeMint(t)
	mint.takes(1000)
	mustRun(t)(CheckState(t.Context(), small(4), mint.start(), CheckStateConfig{Ys: 10, Spent: 1}))
	if len(mint.spent) != 10 {
		t.Errorf("%d coins are spent, want 10", len(mint.spent))
	}
}

func TestTheClockEndsARunByDuration(t *testing.T) {
	t.Parallel()
	mint := newFakeMint(t)
	l := Load{Workers: 2, Duration: 300 * time.Millisecond, Warmup: 4, measureFloor: anyFloor}
	r := mustRun(t)(Swap(t.Context(), l, mint.start(), SwapConfig{Inputs: 1, Outputs: 1}))
	if r.Stopped != stoppedByTime || r.Elapsed < 0.3 || r.Succeeded == 0 {
		t.Errorf("%d swaps in %v s, ended by %q", r.Succeeded, r.Elapsed, r.Stopped)
	}
}

func TestAnInterruptEndsTheRunWithAReport(t *testing.T) {
	t.Parallel()
	mint := newFakeMint(t)
	ctx, cancel := context.WithCancel(t.Context())
	swaps := 0
	mint.refuse = func(path string) (int, string) {
		if path == "/v1/swap" {
			if swaps++; swaps == 20 {
				cancel()
			}
		}
		return 0, ""
	}
	r, err := Swap(ctx, Load{Workers: 2, Count: 2000, Warmup: 4, measureFloor: anyFloor}, mint.start(), SwapConfig{Inputs: 1, Outputs: 1})
	if err != nil || r.Stopped != stoppedByInterrupt || r.Succeeded == 0 || r.Errors.Total != 0 {
		t.Errorf("%d swaps, %d errors, ended by %q, %v", r.Succeeded, r.Errors.Total, r.Stopped, err)
	}
}
