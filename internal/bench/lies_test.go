package bench

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

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
		{"a proof that is no hex", "/v1/swap", kindSignature, func(a map[string]any) {
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
