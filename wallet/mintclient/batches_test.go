package mintclient

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"mintmark/bdhke"
	"mintmark/cashu"
)

func points(n int) []bdhke.Point {
	list := make([]bdhke.Point, n)
	for i := range list {
		y, err := bdhke.HashToCurve([]byte(fmt.Sprint(i)))
		if err != nil {
			panic(err)
		}
		list[i] = y
	}
	return list
}

// A mint says how many it takes, or shows it by refusing: either way everything is
// asked, in the order of the question.
func TestQuestionsAreAsLongAsTheMintTakesThem(t *testing.T) {
	t.Parallel()
	ys := points(25)
	for _, said := range []int{10, 0, 17} {
		longest, refused := 0, 0
		c := serving(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			var req cashu.CheckStateRequest
			if err := cashu.Decode(body, &req); err != nil {
				t.Error(err)
			}
			w.Header().Set("Content-Type", "application/json")
			if len(req.Ys) > 10 {
				refused++
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, `{"detail":"too many","code":11014}`)
				return
			}
			longest = max(longest, len(req.Ys))
			var v cashu.CheckStateResponse
			for _, y := range req.Ys {
				v.States = append(v.States, cashu.StateEntry{Y: y, State: cashu.ProofUnspent})
			}
			text, _ := cashu.Encode(v)
			_, _ = w.Write(text)
		})
		c.maxBody = 1 << 20
		c.Bound(said)
		got, err := c.CheckState(t.Context(), ys)
		if err != nil || len(got) != len(ys) {
			t.Fatalf("%d answers, %v", len(got), err)
		}
		for i, e := range got {
			if e.Y != ys[i] {
				t.Fatalf("answer %d is another one's", i)
			}
		}
		if said == 10 && (refused > 0 || longest != 10) || refused > 2 {
			t.Errorf("said %d: refused %d times, the longest had %d", said, refused, longest)
		}
	}
}

// Coins are spent together between two batches: that some were seen before and some
// after must not pass for some being spent and some not.
func TestCoinsThatAreSpentBetweenTwoBatchesAreSpentTogether(t *testing.T) {
	t.Parallel()
	ys, calls := points(20), 0
	c := serving(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var req cashu.CheckStateRequest
		if err := cashu.Decode(body, &req); err != nil {
			t.Error(err)
		}
		calls++
		state := cashu.ProofUnspent
		if calls > 1 {
			state = cashu.ProofSpent
		}
		var v cashu.CheckStateResponse
		for _, y := range req.Ys {
			v.States = append(v.States, cashu.StateEntry{Y: y, State: state})
		}
		text, _ := cashu.Encode(v)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text)
	})
	c.maxBody = 1 << 20
	c.Bound(10)
	got, err := c.CheckState(t.Context(), ys)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range got {
		if e.State != cashu.ProofSpent {
			t.Fatalf("coin %d is %s", i, e.State)
		}
	}
}
