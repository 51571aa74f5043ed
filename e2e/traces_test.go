package e2e

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"mintmark/e2e/harness"
)

// One trace leads through both programs: the collector has it from mintd, and the
// log of the signatory names it.
func TestATraceSpansMintAndSignatory(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen strings.Builder
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = io.Copy(&seen, r.Body)
	}))
	defer collector.Close()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Config += "[traces]\nendpoint = \"" + collector.URL + "/v1/traces\"\nshare = 1\n"
	s.Start()
	w := s.Wallet()
	coins := w.Mint(100)
	s.Mintd.Stop() // sends what it has left

	traces := regexp.MustCompile(`method=BlindSign .* trace=([0-9a-f]{32})`).FindAllStringSubmatch(s.Signatory.Log(), -1)
	if len(traces) == 0 {
		t.Fatal("the signatory's log names no trace")
	}
	mu.Lock()
	defer mu.Unlock()
	for _, m := range traces {
		id, err := hex.DecodeString(m[1])
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(seen.String(), string(id)) {
			t.Errorf("the collector has never heard of trace %s", m[1])
		}
		if !strings.Contains(s.Mintd.Log(), "trace="+m[1]) {
			t.Errorf("the mint's log does not name trace %s", m[1])
		}
	}
	for _, never := range []string{coins[0].Secret, coins[0].C.String()} {
		if strings.Contains(seen.String(), never) {
			t.Error("the collector has heard of a coin")
		}
	}
}
