package bench

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
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
			mint.fee = tt.fee
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
			m.id, m.bareKeys, m.payAfter = "009a1f293253e41e", true, 1
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
		{"no info, no DLEQ, amounts as text", func(m *fakeMint) {
			m.noInfo, m.noDLEQ, m.textual = true, true, true
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
	mint.fee = 1000
	mustRun(t)(CheckState(t.Context(), small(4), mint.start(), CheckStateConfig{Ys: 10, Spent: 1}))
	if len(mint.spent) != 10 {
		t.Errorf("%d coins are spent, want 10", len(mint.spent))
	}
}

// lies spoils every answer on a path from the n-th on.
func lies(path string, after int, spoil func(answer map[string]any)) func(string, map[string]any) {
	seen := 0
	return func(asked string, answer map[string]any) {
		if asked != path {
			return
		}
		if seen++; seen > after {
			spoil(answer)
		}
	}
}

func TestAWrongAnswerIsAnErrorOfItsKind(t *testing.T) {
	t.Parallel()
	first := func(answer map[string]any) map[string]any { return answer["signatures"].([]any)[0].(map[string]any) }
	swap := func(t *testing.T, m Mint) (Report, error) {
		return Swap(t.Context(), small(8), m, SwapConfig{})
	}
	tests := []struct {
		name, path, kind string
		spoil            func(answer map[string]any)
		run              func(t *testing.T, m Mint) (Report, error)
	}{
		{"a signature is missing", "/v1/swap", kindCount, func(a map[string]any) {
			a["signatures"] = a["signatures"].([]any)[1:]
		}, swap},
		{"another amount", "/v1/swap", kindSignature, func(a map[string]any) { first(a)["amount"] = 1024 }, swap},
		{"another keyset", "/v1/swap", kindSignature, func(a map[string]any) { first(a)["id"] = "00ffffffffffffff" }, swap},
		{"half a point", "/v1/swap", kindSignature, func(a map[string]any) { first(a)["C_"] = "02" }, swap},
		{"a proof of something else", "/v1/swap", kindDLEQ, func(a map[string]any) {
			sigs := a["signatures"].([]any)
			sigs[0].(map[string]any)["dleq"] = sigs[1].(map[string]any)["dleq"]
		}, swap},
		{"a proof that is no hex", "/v1/swap", kindDLEQ, func(a map[string]any) {
			first(a)["dleq"] = map[string]any{"e": "zz", "s": "zz"}
		}, swap},
		{"another type", "/v1/swap", kindUnreadable, func(a map[string]any) { a["signatures"] = "none" }, swap},
		{"a spent coin that is said to be unspent", "/v1/checkstate", kindStates, func(a map[string]any) {
			for _, s := range a["states"].([]any) {
				s.(map[string]any)["state"] = "UNSPENT"
			}
		}, func(t *testing.T, m Mint) (Report, error) {
			return CheckState(t.Context(), small(8), m, CheckStateConfig{Ys: 4})
		}},
		{"a signature that is forgotten", "/v1/restore", kindRestored, func(a map[string]any) {
			a["signatures"] = a["signatures"].([]any)[1:]
		}, func(t *testing.T, m Mint) (Report, error) {
			return Restore(t.Context(), small(8), m, RestoreConfig{Outputs: 4})
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			mint := newFakeMint(t)
			mint.spoil = lies(tt.path, 8, tt.spoil) // the warm-up is still honest
			r, err := tt.run(t, mint.start())
			if err != nil {
				t.Fatal(err)
			}
			if r.Errors.ByKind[tt.kind] == 0 || len(r.Errors.Examples) == 0 || r.ErrorRate() == 0 {
				t.Errorf("got %+v, want some %q", r.Errors, tt.kind)
			}
		})
	}
}

func TestRefusalsAreCountedByCodeAndStatus(t *testing.T) {
	t.Parallel()
	mint := newFakeMint(t)
	swaps := 0
	mint.refuse = func(path string) (int, string) {
		if path != "/v1/swap" {
			return 0, ""
		}
		switch swaps++; swaps {
		case 6:
			return http.StatusServiceUnavailable, `{"detail":"try later","code":40005}`
		case 7:
			return http.StatusBadRequest, `"Malformed Body"`
		case 8:
			return http.StatusUnprocessableEntity, `{"detail":[{"loc":["body"]}]}`
		case 9:
			return http.StatusFound, ``
		}
		return 0, ""
	}
	r, err := Swap(t.Context(), small(16), mint.start(), SwapConfig{})
	if err != nil {
		t.Fatal(err)
	}
	e := r.Errors
	if e.Total != 4 || e.ByKind[kindRefused] != 4 || e.ByCode["40005"] != 1 || e.ByCode["none"] != 3 ||
		e.ByStatus["503"] != 1 || e.ByStatus["400"] != 1 || e.ByStatus["422"] != 1 || e.ByStatus["302"] != 1 {
		t.Errorf("got %+v", e)
	}
	if r.Succeeded != 12 {
		t.Errorf("%d swaps succeeded, want 12: a chain that breaks goes on with other coins", r.Succeeded)
	}
	if rate := r.ErrorRate(); rate != 0.25 {
		t.Errorf("error rate %v, want 0.25", rate)
	}
}

func TestAMintThatRefusesEverythingEndsTheRun(t *testing.T) {
	t.Parallel()
	mint := newFakeMint(t)
	mint.refuse = func(path string) (int, string) {
		if path == "/v1/swap" {
			return http.StatusBadRequest, `{"detail":"no swaps today","code":11001}`
		}
		return 0, ""
	}
	_, err := Swap(t.Context(), small(100), mint.start(), SwapConfig{})
	if err == nil || !strings.Contains(err.Error(), "no swaps today") {
		t.Errorf("got %v", err)
	}
}

func TestAQuoteThatNobodyPaysEndsTheRun(t *testing.T) {
	t.Parallel()
	mint := newFakeMint(t)
	mint.payAfter = 1 << 30
	at := mint.start()
	at.Patience = 50 * time.Millisecond
	_, err := Swap(t.Context(), small(10), at, SwapConfig{})
	if err == nil || !strings.Contains(err.Error(), "not paid") {
		t.Errorf("got %v", err)
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

func TestAMintThatIsAwayIsSaidToBeAway(t *testing.T) {
	t.Parallel()
	mint := newFakeMint(t)
	at := mint.start()
	at.URL = "http://127.0.0.1:1" // nobody listens on the port of tcpmux
	if _, err := Swap(t.Context(), small(1), at, SwapConfig{}); err == nil || !strings.Contains(err.Error(), "reaching the mint") {
		t.Errorf("got %v", err)
	}
}

func TestEveryProblemOfALoadIsRefused(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]Load{
		"too many workers": {Workers: maxWorkers + 1},
		"a day":            {Duration: 24 * time.Hour},
		"too many":         {Count: maxOperations + 1},
		"no such process":  {PIDs: []int{-1}},
	} {
		if _, err := l.withDefaults(); err == nil {
			t.Errorf("%s: was accepted", name)
		}
	}
	mint := newFakeMint(t)
	if _, err := Swap(t.Context(), small(1), mint.start(), SwapConfig{Inputs: maxItems + 1}); err == nil {
		t.Error("a swap of too many inputs was accepted")
	}
	if _, err := Swap(t.Context(), small(1), Mint{URL: "http://192.0.2.1"}, SwapConfig{}); !errors.Is(err, ErrRemote) {
		t.Errorf("a mint elsewhere gave %v", err)
	}
}
