package main

import (
	"net/netip"
	"strings"

	"mintmark/mint/gate"
)

// Rates says how often one address may ask. Addresses of IPv6 are counted by
// their network of 64 bits.
type Rates struct {
	// Limit is "on", "off" or "auto": on, unless wallets reach the mint on a
	// loopback address only and no proxies are named, because then everybody
	// would be one address. Default "auto".
	Limit string `toml:"limit"`
	// TrustedProxies are the addresses or networks of the proxies before the
	// mint, such as "127.0.0.1" or "10.1.0.0/16". Their word on the client's
	// address is taken; nobody else's is. Default none.
	TrustedProxies []string `toml:"trusted_proxies"`
	// ProxyHeader is where the proxies say it: "X-Forwarded-For" or "Forwarded".
	// Each proxy must add the address that it was called from, or replace what
	// was there. Default "X-Forwarded-For".
	ProxyHeader string `toml:"proxy_header"`
	// Addresses is how many are remembered at once; whoever was silent for
	// longest is forgotten first. Default 65536, about 25 MB.
	Addresses int `toml:"addresses"`
	// Quotes are requests for new quotes. Default 1 per second after 30.
	Quotes Rate `toml:"quotes"`
	// Exchanges are swaps, mints and melts. Default 10 per second after 100.
	Exchanges Rate `toml:"exchanges"`
	// Reads are all the rest, but for /health, which is never limited. Default 20
	// per second after 200.
	Reads Rate `toml:"reads"`
}

// Rate is what one address may ask for.
type Rate struct {
	// PerSecond is how often, in the long run.
	PerSecond float64 `toml:"per_second"`
	// Burst is how many times in a row after a pause.
	Burst int `toml:"burst"`
}

// Load says how much is worked on at once.
type Load struct {
	// AtOnce is how many requests; melts, which wait for payments, have as many
	// places of their own. Default 256.
	AtOnce int `toml:"at_once"`
	// Wait is the longest that a request waits for its turn. One that would wait
	// longer gets 503 at once. Default "5s".
	Wait Duration `toml:"wait"`
}

func defaultRates() Rates {
	return Rates{
		Limit: "auto", TrustedProxies: []string{}, ProxyHeader: gate.XForwardedFor, Addresses: 1 << 16,
		Quotes:    Rate{PerSecond: 1, Burst: 30},
		Exchanges: Rate{PerSecond: 10, Burst: 100},
		Reads:     Rate{PerSecond: 20, Burst: 200},
	}
}

// byClass are the rates under the names of their keys.
func (r Rates) byClass() map[gate.Class]Rate {
	return map[gate.Class]Rate{gate.Quotes: r.Quotes, gate.Exchanges: r.Exchanges, gate.Reads: r.Reads}
}

func (r Rates) validate(wrong func(key, format string, args ...any)) {
	if r.Limit != "auto" && r.Limit != "on" && r.Limit != "off" {
		wrong("rates.limit", "%q is not auto, on or off", r.Limit)
	}
	for _, s := range r.TrustedProxies {
		if _, ok := parseNetwork(s); !ok {
			wrong("rates.trusted_proxies", "%q is not an address and not a network such as 10.1.0.0/16", s)
		}
	}
	if r.ProxyHeader != gate.XForwardedFor && r.ProxyHeader != gate.Forwarded {
		wrong("rates.proxy_header", "%q is neither %s nor %s", r.ProxyHeader, gate.XForwardedFor, gate.Forwarded)
	}
	if r.Addresses < 1 || r.Addresses > 1<<24 {
		wrong("rates.addresses", "must be between 1 and %d", 1<<24)
	}
	for class, rate := range r.byClass() {
		if !(rate.PerSecond > 0) || rate.PerSecond > 1e6 {
			wrong("rates."+string(class)+".per_second", "must be more than 0 and at most 1000000")
		}
		if rate.Burst < 1 || rate.Burst > 1e6 {
			wrong("rates."+string(class)+".burst", "must be between 1 and 1000000")
		}
	}
}

// parseNetwork reads an address, which is a network of one, or a network.
func parseNetwork(s string) (netip.Prefix, bool) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, false
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(s)
	if err != nil || p != p.Masked() || p.Addr().Is4In6() {
		return netip.Prefix{}, false
	}
	return p, true
}

// gate makes the gate of the configuration, which validate has seen.
func (c Config) gate() (*gate.Gate, error) {
	cfg := gate.Config{Header: c.Rates.ProxyHeader, Addresses: c.Rates.Addresses, AtOnce: c.Load.AtOnce, Wait: c.Load.Wait.std()}
	for _, s := range c.Rates.TrustedProxies {
		network, _ := parseNetwork(s)
		cfg.Proxies = append(cfg.Proxies, network)
	}
	if c.limitsRates() {
		cfg.Rates = map[gate.Class]gate.Rate{}
		for class, r := range c.Rates.byClass() {
			cfg.Rates[class] = gate.Rate(r)
		}
	}
	return gate.New(cfg)
}

// limitsRates tells whether addresses are counted.
func (c Config) limitsRates() bool {
	switch c.Rates.Limit {
	case "on":
		return true
	case "off":
		return false
	}
	return len(c.Rates.TrustedProxies) > 0 || !isLoopback(c.Listen)
}
