package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/httpapi"
)

func TestRatesAreLimitedWhereStrangersCanCome(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		listen, limit string
		proxies       []string
		want          bool
	}{
		{"127.0.0.1:3338", "auto", nil, false},
		{"localhost:3338", "auto", nil, false},
		{"[::1]:3338", "auto", nil, false},
		{"0.0.0.0:3338", "auto", nil, true},
		{":3338", "auto", nil, true},
		{"127.0.0.1:3338", "auto", []string{"127.0.0.1"}, true},
		{"127.0.0.1:3338", "on", nil, true},
		{"0.0.0.0:3338", "off", []string{"10.0.0.1"}, false},
	} {
		cfg := defaultConfig()
		cfg.Listen, cfg.Rates.Limit, cfg.Rates.TrustedProxies = tt.listen, tt.limit, tt.proxies
		if got := cfg.limitsRates(); got != tt.want {
			t.Errorf("%s, %s, proxies %v: limited is %v", tt.listen, tt.limit, tt.proxies, got)
		}
	}
}

// limitless is a mint of which only routes that it does not have are asked.
type limitless struct{ httpapi.Service }

func (limitless) Limits() mint.Limits                         { return mint.Limits{} }
func (limitless) Protected() (_, _ []cashu.ProtectedEndpoint) { return nil, nil }

func TestTheGateOfTheConfigurationStandsBeforeTheRoutes(t *testing.T) {
	t.Parallel()
	cfg := defaultConfig()
	cfg.Rates.TrustedProxies = []string{"127.0.0.0/8"}
	cfg.Rates.Reads = Rate{PerSecond: 0.01, Burst: 2}
	entrance, err := cfg.gate()
	if err != nil {
		t.Fatal(err)
	}
	handler, err := httpapi.New(httpapi.Config{Mint: limitless{}, Gate: entrance, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	ask := func(forwarded string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/nowhere", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Forwarded-For", forwarded)
		resp, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	for i, want := range []int{404, 404, 429} {
		if status, body := ask("10.9.8." + string(rune('1'+i)) + ", 192.0.2.1"); status != want {
			t.Errorf("request %d of one client: %d %s", i+1, status, body)
		} else if want == 429 && !strings.Contains(body, `"code":40006`) {
			t.Errorf("the refusal says %s", body)
		}
	}
	if status, _ := ask("192.0.2.2"); status != 404 {
		t.Errorf("another client: %d", status)
	}
}
