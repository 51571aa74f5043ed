package main

import (
	"time"

	"mintmark/internal/address"
)

// Processor says where a payment processor is, and what it promises.
type Processor struct {
	// Address is where it listens: "unix:PATH" or "HOST:PORT".
	Address string `toml:"address"`
	// TLSDir holds ca.pem, client.pem and client.key. Required for HOST:PORT.
	TLSDir string `toml:"tls_dir"`
	// ServerName is the name in the processor's certificate. Empty: the host of its
	// address.
	ServerName string `toml:"server_name"`
	// Insecure allows HOST:PORT without TLS, on this machine only.
	Insecure bool `toml:"insecure"`
	// AtMostOnce: the processor pays a quote_id at most once, however often it is
	// ordered to, also after a crash of its own. Then an order of which it knows nothing
	// is given again; otherwise the melt stays pending until somebody decides. Say it
	// only of a processor that promises it.
	AtMostOnce bool `toml:"at_most_once"`
	// Database is where mintd remembers what the processor cannot be asked: a file, or a
	// "postgres://" URL. Several mintd that share the mint's database need the same one,
	// which must not be the mint's own: another database, or another schema
	// (?search_path=processor). It is as precious as the mint's database. The password
	// is that of the mint's. Empty: a file in the data directory.
	Database string `toml:"database"`
	// Deadline bounds every call but an order to pay. Default "10s".
	Deadline Duration `toml:"deadline"`
	// PayDeadline is how long an order to pay may go unanswered. After that the
	// processor is only asked what became of it. Default "10m".
	PayDeadline Duration `toml:"pay_deadline"`
	// Doubt is how long an order that was never answered may be on its way to the
	// processor's node. Before that a payment is not believed to have failed, and not
	// before 20 times as long where an earlier attempt at the same has. Default "15s".
	Doubt Duration `toml:"doubt"`
}

func defaultProcessor() Processor {
	return Processor{Deadline: Duration(10 * time.Second), PayDeadline: Duration(10 * time.Minute), Doubt: Duration(15 * time.Second)}
}

func (p Processor) validate(wrong report) {
	at, err := address.Parse(p.Address)
	if err == nil {
		err = at.CheckSecurity(p.TLSDir, p.Insecure)
	}
	switch {
	case err != nil:
		wrong("address", "%v", err)
	case !at.Unix() && at.Host == "":
		wrong("address", "%q has no host to call", p.Address)
	}
	if p.Deadline <= 0 {
		wrong("deadline", "must be more than 0")
	}
	if p.PayDeadline <= 0 {
		wrong("pay_deadline", "must be more than 0")
	}
	if p.Doubt <= 0 {
		wrong("doubt", "must be more than 0")
	}
}
