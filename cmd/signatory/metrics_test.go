package main

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestTheMetricsPageIsThereAndNothingElse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mustInit(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := startServe(t, ctx, testProgram(), "--data", dir, "--metrics", "127.0.0.1:0")
	url := regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+`).FindString(r.stderr.String())
	get := func(path string) (status int, text string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(body)
	}
	if status, text := get("/metrics"); status != http.StatusOK || !strings.Contains(text, "signatory_locked 0") {
		t.Errorf("%d\n%s", status, text)
	}
	for _, path := range []string{"/", "/debug/pprof/", "/debug/pprof/heap", "/debug/vars"} {
		if status, _ := get(path); status != http.StatusNotFound {
			t.Errorf("%s answers %d", path, status)
		}
	}
	cancel()
	r.assertEnds(t)
}
