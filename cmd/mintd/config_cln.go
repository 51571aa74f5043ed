package main

import (
	"net/url"
	"time"

	"mintmark/cashu"
)

// CLN says where a Core Lightning node is and how it is used.
type CLN struct {
	// URL of the REST plugin (clnrest): "https://HOST:PORT".
	URL string `toml:"url"`
	// TLSCert is the certificate that the node shows, or that of the authority that
	// signed it: ca.pem in the node's directory.
	TLSCert string `toml:"tls_cert"`
	// ServerName is the name in the node's certificate. Empty: the host of the URL.
	ServerName string `toml:"server_name"`
	// Rune is the file of the rune; docs/lightning.md says what it must allow. Only mintd
	// may be able to read it. Read again when it changes.
	Rune string `toml:"rune"`
	// Database is where mintd remembers which payment of the node is which of its own: a
	// file, or a "postgres://" URL. Several mintd that share the mint's database need the
	// same one, which must not be the mint's own: another database, or another schema
	// (?search_path=cln). The password is that of the mint's. Empty: a file in the data
	// directory.
	Database string `toml:"database"`
	// Offers makes and pays offers (BOLT 12).
	Offers bool `toml:"offers"`
	// MinAmount and MaxAmount bound one payment, in its unit, either way. Default 1 and
	// 500000; 0 is no bound.
	MinAmount uint64 `toml:"min_amount"`
	MaxAmount uint64 `toml:"max_amount"`
	// FeePPM and FeeReserveMin are what a melt quote reserves for fees: so many
	// millionths of the amount, and at least so much. Default 10000 and 10.
	FeePPM        uint64 `toml:"fee_ppm"`
	FeeReserveMin uint64 `toml:"fee_reserve_min"`
	// PayTime is how long the node looks for a way. Default "1m".
	PayTime Duration `toml:"pay_time"`
	// Doubt is how long the node must have been answering that nothing of an order to pay
	// is under way, until an order that was never answered counts as failed. Default
	// "2m".
	Doubt Duration `toml:"doubt"`
	// MultiPath lets the mint pay a part of an invoice (NUT-15). Default true.
	MultiPath bool `toml:"multi_path"`
}

func defaultCLN() CLN {
	return CLN{
		MinAmount: 1, MaxAmount: 500_000, FeePPM: 10_000, FeeReserveMin: 10,
		PayTime: Duration(time.Minute), Doubt: Duration(2 * time.Minute), MultiPath: true,
	}
}

func (c CLN) validate(b named, wrong report) {
	if u, err := url.Parse(c.URL); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		wrong("url", "%q is not https://HOST:PORT", c.URL)
	}
	if c.TLSCert == "" {
		wrong("tls_cert", "is empty")
	}
	if c.Rune == "" {
		wrong("rune", "is empty")
	}
	if units := b.units(); len(units) > 1 || len(units) == 1 && units[0] != cashu.UnitSat && units[0] != "msat" {
		wrong("url", "the node is for one unit, sat or msat")
	}
	if c.MaxAmount != 0 && c.MinAmount > c.MaxAmount {
		wrong("min_amount", "is more than max_amount")
	}
	if c.MinAmount > maxAmountLimit || c.MaxAmount > maxAmountLimit || c.FeeReserveMin > maxAmountLimit {
		wrong("max_amount", "amounts end at %d", uint64(maxAmountLimit))
	}
	if c.FeePPM > 1_000_000 {
		wrong("fee_ppm", "is more than the whole, 1000000")
	}
	if c.PayTime.std() < time.Second {
		wrong("pay_time", "must be at least 1s")
	}
	if c.Doubt.std() < time.Second {
		wrong("doubt", "must be at least 1s")
	}
}
