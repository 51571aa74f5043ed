package requestid_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mintmark/internal/requestid"
)

func TestIDsAddUpAndNoneComesTwice(t *testing.T) {
	t.Parallel()
	ctx := requestid.With(requestid.With(t.Context(), "a", "b"), "b", "c")
	if got := requestid.Of(ctx); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("got %q", got)
	}
	if got := requestid.Of(requestid.With(context.Background())); got != nil {
		t.Errorf("none became %q", got)
	}
	var many []string
	for i := range 2 * requestid.Max {
		many = append(many, fmt.Sprint(i))
	}
	if got := requestid.Merge(many); !slices.Equal(got, many[:requestid.Max]) {
		t.Errorf("of many came %q", got)
	}
}

func FuzzWhatIsReadIsHarmlessInALog(f *testing.F) {
	f.Add("a,b")
	f.Add(",,x y,\nlevel=ERROR,Proxy_7-a")
	f.Add(strings.Repeat("a,", 200))
	f.Fuzz(func(t *testing.T, text string) {
		got := requestid.Parse(text)
		if len(got) > requestid.Max {
			t.Errorf("%d ids", len(got))
		}
		for _, id := range got {
			if !requestid.Valid(id) || strings.ContainsAny(id, ", \n\"=") || len(id) > 64 {
				t.Errorf("%q is an id", id)
			}
		}
		if again := requestid.Parse(requestid.Format(got)); !slices.Equal(again, got) {
			t.Errorf("%q became %q", got, again)
		}
	})
}
