package harness

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// OpenMetrics has mintd show its numbers, from its next start on. Not for replicas.
func (s *Stack) OpenMetrics() {
	s.t.Helper()
	s.metrics = FreeAddress(s.t)
	s.Config = fmt.Sprintf("metrics = %q\n", s.metrics) + s.Config
}

// ReadMetric reads a number of mintd.
func (s *Stack) ReadMetric(name string) (n float64) {
	s.t.Helper()
	resp, err := http.Get("http://" + s.metrics + "/metrics")
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(page)) {
		if text, ok := strings.CutPrefix(line, name+" "); ok {
			if n, err = strconv.ParseFloat(strings.TrimSpace(text), 64); err != nil {
				s.t.Fatal(err)
			}
			return n
		}
	}
	s.t.Fatalf("%s is not among the numbers", name)
	return 0
}

// WaitMetric waits until a number of mintd is as wanted.
func (s *Stack) WaitMetric(name string, want float64) {
	s.t.Helper()
	s.Mintd.until(fmt.Sprintf("%s is %v", name, want), func() error {
		if n := s.ReadMetric(name); n != want {
			return fmt.Errorf("it is %v", n)
		}
		return nil
	})
}
