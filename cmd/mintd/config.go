package main

import (
	"path/filepath"
	"strings"
	"time"
)

// Config is everything that mintd can be told. It comes from the defaults, then
// a TOML file (--config), then flags; what comes later wins. The comment of a
// field is its documentation; deploy/mintd.example.toml repeats them.
type Config struct {
	// Data is the directory of everything that mintd keeps. It is made with
	// mode 0700 when it is missing. Relative paths, here and below, start at the
	// working directory. Default "mintmark-data".
	Data string `toml:"data"`
	// Listen is where wallets reach the mint: HOST:PORT, plain HTTP. Put a
	// reverse proxy with TLS before it for the internet. Default
	// "127.0.0.1:3338".
	Listen string `toml:"listen"`
	// Database is where the mint's own records are: "sqlite:PATH", or the
	// "postgres://" URL of a database that several mintd may share. Empty:
	// "sqlite:DATA/mint.db".
	Database string `toml:"database"`
	// DatabasePasswordFile holds the password for the "postgres://" URL, so that
	// it stands neither in this file nor on a command line. Only mintd may be
	// able to read it. It is read for every new connection.
	DatabasePasswordFile string `toml:"database_password_file"`
	// Metrics is where Prometheus finds its page: HOST:PORT, for the operator's
	// network only. Empty: nowhere.
	Metrics string `toml:"metrics"`
	// StopTimeout is how long requests under way may take when mintd is asked
	// to stop. What was begun is finished or undone at the next start. Default
	// "20s".
	StopTimeout Duration `toml:"stop_timeout"`

	Signatory Signatory `toml:"signatory"`
	Lightning Lightning `toml:"lightning"`
	Watchdog  Watchdog  `toml:"watchdog"`
	Quotes    Quotes    `toml:"quotes"`
	Limits    Limits    `toml:"limits"`
	Rates     Rates     `toml:"rates"`
	Load      Load      `toml:"load"`
	Sockets   Sockets   `toml:"sockets"`
	Auth      Auth      `toml:"auth"`
	Info      Info      `toml:"info"`
	Log       Log       `toml:"log"`
	Traces    Traces    `toml:"traces"`
}

// Traces says whether requests are followed through mintd and on to the signatory.
type Traces struct {
	// Endpoint is the URL of an OpenTelemetry collector, OTLP over HTTP, such as
	// "http://127.0.0.1:4318/v1/traces". It learns routes and times, and nothing
	// of wallets or coins. Empty: nothing is traced.
	Endpoint string `toml:"endpoint"`
	// Share of the requests that are traced, more than 0 and at most 1. Default
	// 0.05.
	Share float64 `toml:"share"`
}

// Signatory says which process holds the keys and how to reach it.
type Signatory struct {
	// Address is "spawn" to run the signatory program as a child process,
	// "unix:PATH" or "HOST:PORT" for one that runs elsewhere. Several that share a
	// keystore stand with commas between them: calls are spread over them, and go
	// on when one is lost. Default "spawn".
	Address string `toml:"address"`
	// TLSDir holds ca.pem, client.pem and client.key, as `signatory certs`
	// makes them. Required for HOST:PORT.
	TLSDir string `toml:"tls_dir"`
	// ServerName is the name in the certificate of every signatory. Empty: the
	// host of its address.
	ServerName string `toml:"server_name"`
	// Insecure allows HOST:PORT without TLS, on this machine only.
	Insecure bool `toml:"insecure"`
	// Identity pins the signatory's public key, 66 hex characters. Empty: the
	// first one seen is remembered, and no other is ever accepted.
	Identity string `toml:"identity"`
	// Deadline bounds every call to the signatory. Default "10s".
	Deadline Duration `toml:"deadline"`
	// Program is the signatory program to spawn. Empty: "signatory" beside
	// mintd, else on the PATH.
	Program string `toml:"program"`
}

// Quotes says how long promises last.
type Quotes struct {
	// TTL is how long a mint quote can be paid. A paid one can be minted for
	// ever. Default "1h".
	TTL Duration `toml:"ttl"`
	// ReusableTTL is the same for what can be paid again and again: offers, addresses
	// and requests of custom methods. Default "720h".
	ReusableTTL Duration `toml:"reusable_ttl"`
	// Keep is how long after its end a mint quote that nobody paid is kept. A
	// payment that arrives within this time can be minted. Default "168h".
	Keep Duration `toml:"keep"`
	// MeltTTL is how long a melt quote can be melted. Meanwhile nobody gets
	// another one for the same invoice. Default "10m".
	MeltTTL Duration `toml:"melt_ttl"`
	// PayTimeout is how long a melt waits for its payment before it answers that
	// the payment is pending; it goes on all the same. At most 50s. Default
	// "45s".
	PayTimeout Duration `toml:"pay_timeout"`
	// PollInterval is the shortest time between two questions to the backend
	// about one quote. Default "10s".
	PollInterval Duration `toml:"poll_interval"`
}

// Limits bounds what one request may ask for.
type Limits struct {
	// MaxInputs and MaxOutputs count the proofs and blinded messages of one
	// request. Default 1000, which is also the most.
	MaxInputs  int `toml:"max_inputs"`
	MaxOutputs int `toml:"max_outputs"`
	// MaxStates counts the proofs of one state check. Default 1000, which is
	// also the most.
	MaxStates int `toml:"max_states"`
	// MaxQuotes counts the mint quotes of one batch (NUT-29). Default 100, which is
	// also the most.
	MaxQuotes int `toml:"max_quotes"`
	// MaxSecret and MaxWitness count the bytes of a proof's secret and witness.
	// Default 1024 and 4096.
	MaxSecret  int `toml:"max_secret"`
	MaxWitness int `toml:"max_witness"`
}

// Info is what /v1/info says of the mint besides what follows from its wiring
// (NUT-06). Everything here is shown to everybody.
type Info struct {
	// Name of the mint. With the fake backend " (play money)" follows. Default
	// "Mintmark".
	Name string `toml:"name"`
	// Description in one sentence.
	Description string `toml:"description"`
	// DescriptionLong is the rest.
	DescriptionLong string `toml:"description_long"`
	// Motd is a message that wallets must show to their users. With the fake
	// backend a warning goes before it.
	Motd string `toml:"motd"`
	// IconURL is a picture of the mint.
	IconURL string `toml:"icon_url"`
	// TosURL leads to the terms of service.
	TosURL string `toml:"tos_url"`
	// URLs are the addresses at which the mint can be reached.
	URLs []string `toml:"urls"`
	// Contact is how to reach the operator.
	Contact []Contact `toml:"contact"`
}

// Contact is one way to reach the operator, for example "email" and an address.
type Contact struct {
	Method string `toml:"method"`
	Info   string `toml:"info"`
}

// Log says what is written to standard error.
type Log struct {
	// Level is "debug", "info", "warn" or "error". Default "info".
	Level string `toml:"level"`
	// Format is "text" or "json". Default "text".
	Format string `toml:"format"`
}

// defaultConfig is a mint with play money on this machine.
func defaultConfig() Config {
	return Config{
		Data:        "mintmark-data",
		Listen:      "127.0.0.1:3338",
		StopTimeout: Duration(20 * time.Second),
		Signatory:   Signatory{Address: spawnAddress, Deadline: Duration(10 * time.Second)},
		Lightning:   defaultLightning(),
		Watchdog:    defaultWatchdog(),
		Quotes: Quotes{
			TTL: Duration(time.Hour), ReusableTTL: Duration(30 * 24 * time.Hour), Keep: Duration(7 * 24 * time.Hour), MeltTTL: Duration(10 * time.Minute), PayTimeout: Duration(45 * time.Second),
			PollInterval: Duration(10 * time.Second),
		},
		Limits:  Limits{MaxInputs: maxItems, MaxOutputs: maxItems, MaxStates: maxItems, MaxQuotes: 100, MaxSecret: 1024, MaxWitness: 4096},
		Rates:   defaultRates(),
		Load:    Load{AtOnce: 256, Wait: Duration(5 * time.Second)},
		Sockets: defaultSockets(),
		Auth:    defaultAuth(),
		Info:    Info{Name: "Mintmark"},
		Log:     Log{Level: "info", Format: "text"},
		Traces:  Traces{Share: 0.05},
	}
}

// databasePath is the file of the mint's database, or the URL of it.
func (c Config) databasePath() string {
	if c.Database == "" {
		return filepath.Join(c.Data, "mint.db")
	}
	return strings.TrimPrefix(c.Database, sqlitePrefix)
}

// Duration is a time.Duration that is written like "1m30s".
type Duration time.Duration

// MarshalText writes the duration as time.ParseDuration reads it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return err
	}
	*d = Duration(v)
	return nil
}
