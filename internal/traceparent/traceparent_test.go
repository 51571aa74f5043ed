package traceparent_test

import (
	"strings"
	"testing"

	"mintmark/internal/traceparent"
)

const (
	trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	good  = "00-" + trace + "-00f067aa0ba902b7-01"
)

func TestOnlyAWellFormedTextNamesATrace(t *testing.T) {
	t.Parallel()
	if got := traceparent.Trace(good); got != trace {
		t.Errorf("the trace is %q", got)
	}
	for _, bad := range []string{
		"", "-", "---", good + "-", "01" + good[2:], strings.ToUpper(good), good[:len(good)-1], good + "\n",
		strings.Replace(good, trace, strings.Repeat("0", 32), 1), strings.Replace(good, "00f067aa0ba902b7", strings.Repeat("0", 16), 1),
		strings.Replace(good, "4bf9", "4b f", 1),
	} {
		if got := traceparent.Trace(bad); got != "" {
			t.Errorf("%q names the trace %q", bad, got)
		}
	}
}

func TestAContextCarriesIt(t *testing.T) {
	t.Parallel()
	if got := traceparent.Of(traceparent.With(t.Context(), good)); got != good {
		t.Errorf("it carries %q", got)
	}
	if got := traceparent.Of(t.Context()); got != "" {
		t.Errorf("an empty one carries %q", got)
	}
}
