package bench

import (
	"bytes"
	"strings"
	"testing"
)

func TestTheTablePutsRunsOfTheSameKindTogether(t *testing.T) {
	t.Parallel()
	at := func(server string, items, workers int) Report {
		r := sampleReport()
		r.Server, r.Workers, r.Shape = server, workers, map[string]int{"inputs": items, "outputs": items}
		return r
	}
	var out bytes.Buffer
	err := WriteTable(&out, []Report{at("b", 10, 1), at("b", 2, 64), at("a|x", 2, 64), at("a", 2, 1)})
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 6 {
		t.Fatalf("%d lines:\n%s", len(lines), out.String())
	}
	for i, want := range []string{"2 outputs | 1 | a |", "2 outputs | 64 | a x |", "2 outputs | 64 | b |", "10 outputs | 1 | b |"} {
		if line := lines[2+i]; !strings.Contains(line, want) || strings.Count(line, "|") != strings.Count(lines[0], "|") {
			t.Errorf("row %d is %q, want %q in it", i, line, want)
		}
	}
}

func TestWhatIsNotKnownIsLeftOut(t *testing.T) {
	t.Parallel()
	r := sampleReport()
	r.Ratio, r.Floor.PerOperation = 0, 0
	var out bytes.Buffer
	if err := WriteTable(&out, []Report{r}); err != nil || !strings.Contains(out.String(), "|  |  |") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestOnlyReportsAreReadAsReports(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := sampleReport().WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	if r, err := ReadReport(&out); err != nil || r.Workers != 64 {
		t.Errorf("got %+v, %v", r, err)
	}
	for _, text := range []string{"", "{}", "[]", "mintbench: failed"} {
		if _, err := ReadReport(strings.NewReader(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}
