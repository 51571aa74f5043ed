package main

import (
	"net/url"
	"slices"
	"time"

	"mintmark/internal/sqldb"
)

// LND says how to reach a node that runs lnd and what it is used for: bolt11, and one
// of the units sat and msat. See docs/lightning.md.
type LND struct {
	// URL of the node's REST interface: "https://HOST:PORT".
	URL string `toml:"url"`
	// TLSCert is the file of the certificate that the node shows, or of the authority
	// that signed it: lnd's tls.cert. It is read again when it changes.
	TLSCert string `toml:"tls_cert"`
	// Macaroon is the file of the macaroon, as lncli writes it. It is read again when it
	// changes. Only mintd may be able to read it.
	Macaroon string `toml:"macaroon"`
	// Database is where mintd remembers which payment of the node is which of its own:
	// a file, or a "postgres://" URL. Several mintd that share the mint's database need
	// the same one, which must not be the mint's own: another database, or another
	// schema of it (?search_path=lnd). Default: a file in the data directory.
	Database string `toml:"database"`
	// MinAmount and MaxAmount bound one payment, in its unit, either way. Default 1 and
	// 500000; 0 is no bound.
	MinAmount uint64 `toml:"min_amount"`
	MaxAmount uint64 `toml:"max_amount"`
	// FeePPM and FeeReserveMin are what a melt quote reserves for fees: so many
	// millionths of the amount, and at least so much. Default 10000 and 10.
	FeePPM        uint64 `toml:"fee_ppm"`
	FeeReserveMin uint64 `toml:"fee_reserve_min"`
	// Probe makes the node try the way before a melt quote: what that costs, and a tenth
	// more, is reserved, and at least FeeReserveMin. It takes seconds, and the payee's
	// neighbours can see it.
	Probe bool `toml:"probe"`
	// PayTime is how long the node looks for a way. Default "1m".
	PayTime Duration `toml:"pay_time"`
	// Doubt is how long the node must have been answering that it does not know of an
	// order to pay, until the order counts as lost on its way. Default "2m".
	Doubt Duration `toml:"doubt"`
	// Private puts hints to unannounced channels into invoices.
	Private bool `toml:"private"`
	// MultiPath makes the mint pay a part of an invoice (NUT-15). Default true.
	MultiPath bool `toml:"multi_path"`
}

func defaultLND() LND {
	return LND{
		MinAmount: 1, MaxAmount: 500_000, FeePPM: 10_000, FeeReserveMin: 10,
		PayTime: Duration(time.Minute), Doubt: Duration(2 * time.Minute), MultiPath: true,
	}
}

func (l LND) validate(b named, wrong report) {
	if u, err := url.Parse(l.URL); err != nil || u.Scheme != "https" || u.Host == "" {
		wrong("url", "is not https://HOST:PORT") // it may hold anything
	}
	if l.TLSCert == "" {
		wrong("tls_cert", "is empty")
	}
	if l.Macaroon == "" {
		wrong("macaroon", "is empty")
	}
	if sqldb.IsServer(l.Database) {
		if err := sqldb.CheckServer(l.Database); err != nil {
			wrong("database", "%v", err)
		}
	}
	if len(b.Methods) > 1 || len(b.Methods) == 1 && b.Methods[0] != "bolt11" {
		wrong("url", "a node of this type is for the method bolt11, and not for %q", b.Methods)
	}
	if len(b.Units) > 1 || len(b.Units) == 1 && !slices.Contains([]string{"sat", "msat"}, b.Units[0]) {
		wrong("url", "a node of this type is for one unit, sat or msat, and not for %q", b.Units)
	}
	if l.MaxAmount != 0 && l.MinAmount > l.MaxAmount {
		wrong("min_amount", "is more than max_amount")
	}
	if l.MinAmount > maxAmountLimit || l.MaxAmount > maxAmountLimit || l.FeeReserveMin > maxAmountLimit {
		wrong("max_amount", "amounts end at %d", uint64(maxAmountLimit))
	}
	if l.FeePPM > 1_000_000 {
		wrong("fee_ppm", "is more than the whole, 1000000")
	}
	if l.PayTime < Duration(time.Second) || l.PayTime > Duration(10*time.Minute) {
		wrong("pay_time", "must be between 1s and 10m")
	}
	if l.Doubt < Duration(time.Second) || l.Doubt > Duration(24*time.Hour) {
		wrong("doubt", "must be between 1s and 24h")
	}
}
