package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/bench"
)

func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, diagnostics bytes.Buffer
	code = run(t.Context(), args, &out, &diagnostics)
	return code, out.String(), diagnostics.String()
}

func TestWrongCommandLinesAreRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"a mint elsewhere", []string{"swap", "--url", "http://192.0.2.1:3338"}, "not a loopback address"},
		{"a signatory elsewhere", []string{"sign", "--connect", "192.0.2.1:3339"}, "not a loopback address"},
		{"no signatory", []string{"sign"}, "connect"},
		{"a rate above one", []string{"swap", "--max-error-rate", "2"}, "not in 0..1"},
		{"too many workers", []string{"swap", "--workers", "100000"}, "workers"},
		{"too long", []string{"mint", "--duration", "48h"}, "duration"},
		{"too many Ys", []string{"checkstate", "--ys", "100000"}, "Ys"},
		{"an argument", []string{"restore", "now"}, "unknown command"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := command(t, append(tt.args, "--quiet")...)
			if code != 1 || stdout != "" || !strings.Contains(stderr, tt.want) {
				t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
			}
		})
	}
}

// onlyUnspent is a mint that knows no coin: enough for checkstate.
func onlyUnspent(t *testing.T, refuseEvery int) string {
	t.Helper()
	secret, err := bdhke.RandomScalar(nil)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := cashu.NewKeys(map[cashu.Amount]bdhke.Point{1: secret.Public()})
	if err != nil {
		t.Fatal(err)
	}
	id := cashu.DeriveKeysetIDV1(keys).String()
	keyset := `{"id":"` + id + `","unit":"sat","active":true,"input_fee_ppk":0`
	asked := 0
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/keysets":
			_, _ = w.Write([]byte(`{"keysets":[` + keyset + `}]}`))
		case "/v1/keys/" + id:
			_, _ = w.Write([]byte(`{"keysets":[` + keyset + `,"keys":{"1":"` + secret.Public().String() + `"}}]}`))
		case "/v1/checkstate":
			if asked++; refuseEvery > 0 && asked%refuseEvery == 0 {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusServiceUnavailable)
				_, _ = w.Write([]byte(`{"detail":"busy","code":40005}`))
				return
			}
			var body struct{ Ys []string }
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				t.Error(err)
			}
			states := make([]map[string]string, len(body.Ys))
			for i, y := range body.Ys {
				states[i] = map[string]string{"Y": y, "state": "UNSPENT"}
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"states": states})
		default:
			http.NotFound(w, r)
		}
	}))
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

func TestAMeasurementEndsWithAReport(t *testing.T) {
	t.Parallel()
	args := []string{"checkstate", "--url", onlyUnspent(t, 0), "--ys", "10", "--spent", "-1", "--workers", "1", "--count", "20"}
	code, stdout, stderr := command(t, args...)
	if code != 0 || !strings.Contains(stdout, "10 ys at http://127.0.0.1") || !strings.Contains(stderr, "running") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	code, stdout, stderr = command(t, append(args, "--json", "--quiet")...)
	var report bench.Report
	if err := json.Unmarshal([]byte(stdout), &report); err != nil || code != 0 || stderr != "" {
		t.Fatalf("exit code %d, %v\n%s%s", code, err, stdout, stderr)
	}
	if report.Succeeded != 20 || report.Errors.Total != 0 {
		t.Errorf("got %+v", report)
	}
}

func TestTooManyErrorsAreAnExitCodeAfterTheReport(t *testing.T) {
	t.Parallel()
	args := []string{"checkstate", "--url", onlyUnspent(t, 4), "--spent", "-1", "--workers", "1", "--count", "20", "--warmup", "4", "--quiet"}
	code, stdout, stderr := command(t, args...)
	if code != 1 || !strings.Contains(stdout, "code 40005: 5") || !strings.Contains(stderr, "5 of 20 operations failed") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	code, stdout, stderr = command(t, append(args, "--max-error-rate", "0.3")...)
	if code != 0 {
		t.Errorf("with a rate that is allowed: exit code %d\n%s%s", code, stdout, stderr)
	}
}

func TestAnInterruptBeforeTheRunIsNoSuccess(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, diagnostics bytes.Buffer
	if code := run(ctx, []string{"swap", "--url", onlyUnspent(t, 0), "--quiet"}, &out, &diagnostics); code != 1 {
		t.Errorf("exit code %d", code)
	}
}

func TestReportsThatWereKeptBecomeATable(t *testing.T) {
	t.Parallel()
	_, report, _ := command(t, "checkstate", "--url", onlyUnspent(t, 0), "--ys", "10", "--spent", "-1", "--workers", "1", "--count", "5", "--json", "--quiet")
	name := filepath.Join(t.TempDir(), "report.json")
	if err := os.WriteFile(name, []byte(report), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := command(t, "table", name, name)
	if code != 0 || strings.Count(stdout, "| checkstate, 10 ys | 1 |") != 2 {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	if code, _, stderr := command(t, "table", name+".not"); code != 1 || !strings.Contains(stderr, "opening a report") {
		t.Errorf("a file that is not there: exit code %d\n%s", code, stderr)
	}
}
