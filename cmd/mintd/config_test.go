package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pelletier/go-toml/v2"
)

// command runs mintd with args and returns what it printed.
func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mintd.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheExampleFileIsTheDefaults(t *testing.T) {
	t.Parallel()
	file := filepath.Join("..", "..", "deploy", "mintd.example.toml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got Config
	if err := decodeConfig(file, text, &got); err != nil {
		t.Fatal(err)
	}
	want := defaultConfig()
	want.Info.URLs, want.Info.Contact = []string{}, []Contact{}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the example file differs from the defaults (-want +got):\n%s", diff)
	}
	if err := got.validate(); err != nil {
		t.Errorf("the example file is not valid: %v", err)
	}
}

func TestTheExampleFileHasEveryKey(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "mintd.example.toml"))
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := toml.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	var walk func(reflect.Type, map[string]any, string)
	walk = func(typ reflect.Type, tree map[string]any, path string) {
		for f := range typ.Fields() {
			key := f.Tag.Get("toml")
			switch {
			case f.Anonymous:
				walk(f.Type, tree, path)
				continue
			case f.Type.Kind() == reflect.Map:
				continue // by name: nothing is there by default
			}
			v, found := tree[key]
			if key == "" || !found {
				t.Errorf("%s%s (%s) is not in the example file", path, key, f.Name)
				continue
			}
			if sub, ok := v.(map[string]any); ok {
				walk(f.Type, sub, path+key+".")
			}
		}
	}
	walk(reflect.TypeFor[Config](), tree, "")
}

func TestFlagsWinOverTheFileAndTheFileOverTheDefaults(t *testing.T) {
	t.Parallel()
	file := writeFile(t, `
data = "from-file"
listen = "127.0.0.1:1000"
[quotes]
ttl = "90s"
[[info.contact]]
method = "email"
info = "mint@example.org"
`)
	code, out, errs := command(t, "check-config", "--config", file, "--listen", "127.0.0.1:2000",
		"--signatory", "example.org:15060", "--signatory-tls", "certs", "--log-level", "debug")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var got Config
	if err := decodeConfig("printed", []byte(out), &got); err != nil {
		t.Fatalf("what check-config prints is no configuration: %v\n%s", err, out)
	}
	want := defaultConfig()
	want.Data = "from-file"
	want.Listen = "127.0.0.1:2000"
	want.Quotes.TTL = Duration(90 * time.Second)
	want.Signatory.Address = "example.org:15060"
	want.Signatory.TLSDir = "certs"
	want.Info.URLs = []string{}
	want.Info.Contact = []Contact{{"email", "mint@example.org"}}
	want.Log.Level = "debug"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestMistakesInTheFileAreNamedWithTheirLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"unknown keys, all of them", "data = \"x\"\nlisten_port = 1\n\n[signatory]\nadress = \"spawn\"\n",
			[]string{":2: unknown key listen_port", ":5: unknown key signatory.adress"}},
		{"unknown table", "[wallet]\nx = 1\n", []string{":1: unknown key wallet"}},
		{"a number where a text belongs", "\ndata = 7\n", []string{":2: data"}},
		{"a bad duration", "[quotes]\nttl = \"an hour\"\n", []string{":2", "ttl", "an hour"}},
		{"a negative bound", "[lightning.fake]\nmax_amount = -1\n", []string{":2", "max_amount"}},
		{"broken TOML", "data = \"x\nlisten = 1\n", []string{":1"}},
		{"a key twice", "data = \"x\"\ndata = \"y\"\n", []string{"data"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := writeFile(t, tt.text)
			code, _, errs := command(t, "check-config", "--config", file)
			if code != 1 {
				t.Fatalf("exit code %d", code)
			}
			for _, want := range tt.want {
				if !strings.Contains(errs, want) {
					t.Errorf("error does not say %q:\n%s", want, errs)
				}
			}
		})
	}
}

func TestCheckConfigPrintsNoPassword(t *testing.T) {
	t.Parallel()
	code, out, errs := command(t, "check-config", "--database", "postgres://mint:hunter2@127.0.0.1/mint")
	if code != 0 || strings.Contains(out+errs, "hunter2") || !strings.Contains(out, "postgres://mint:xxxxx@127.0.0.1/mint") {
		t.Errorf("exit code %d:\n%s%s", code, out, errs)
	}
	code, out, errs = command(t, "check-config", "--database", "postgres://mint:hunter2@db.example/mint?sslmode=disable")
	if code == 0 || strings.Contains(out+errs, "hunter2") || !strings.Contains(errs, "plain text") {
		t.Errorf("exit code %d:\n%s%s", code, out, errs)
	}
}

// withLogins needs blind tokens for these endpoints.
func withLogins(c Config, blind []string) Config {
	c.Auth.Discovery = "https://login.example/.well-known/openid-configuration"
	c.Auth.ClientID = "wallets"
	c.Auth.Blind = blind
	return c
}

func TestEveryWrongValueIsReportedUnderItsKey(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*Config)
		want   string // empty: nothing is wrong
	}{
		{"defaults", func(*Config) {}, ""},
		{"no data directory", func(c *Config) { c.Data = "" }, "data: is empty"},
		{"listen without a port", func(c *Config) { c.Listen = "localhost" }, "listen:"},
		{"listen on a port that is none", func(c *Config) { c.Listen = "localhost:http" }, "listen:"},
		{"listen on any free port", func(c *Config) { c.Listen = "127.0.0.1:0" }, ""},
		{"another database", func(c *Config) { c.Database = "mysql:x" }, "database:"},
		{"database without a path", func(c *Config) { c.Database = "sqlite:" }, "database:"},
		{"database with a path", func(c *Config) { c.Database = "sqlite:/x/y.db" }, ""},
		{"database on a server", func(c *Config) { c.Database, c.DatabasePasswordFile = "postgres://mint@db.example/mint", "pw" }, ""},
		{"database with no way to be trusted", func(c *Config) { c.Database = "postgres://mint@db.example/mint?sslmode=prefer" }, "database: no trustworthy TLS"},
		{"password of a file", func(c *Config) { c.DatabasePasswordFile = "pw" }, "database_password_file:"},
		{"socket", func(c *Config) { c.Signatory.Address = "unix:/run/s.sock" }, ""},
		{"socket without a path", func(c *Config) { c.Signatory.Address = "unix:" }, "signatory.address:"},
		{"one of two without a path", func(c *Config) { c.Signatory.Address = "unix:/x, unix:" }, "signatory.address:"},
		{"the same signatory twice", func(c *Config) { c.Signatory.Address = "unix:/x,unix:/x" }, "signatory.address:"},
		{"a spawned one of two", func(c *Config) { c.Signatory.Address = "unix:/x,spawn" }, "signatory.address:"},
		{"a comma and nothing", func(c *Config) { c.Signatory.Address = "unix:/x," }, "signatory.address:"},
		{"one of two remote without TLS", func(c *Config) { c.Signatory.Address = "unix:/x,example.org:1" }, "signatory.tls_dir:"},
		{"one of two insecure and remote", func(c *Config) { c.Signatory.Address, c.Signatory.Insecure = "127.0.0.1:1,example.org:1", true }, "signatory.insecure:"},
		{"neither socket nor host", func(c *Config) { c.Signatory.Address = "sock" }, "signatory.address:"},
		{"remote without TLS", func(c *Config) { c.Signatory.Address = "example.org:1" }, "signatory.tls_dir:"},
		{"remote insecure", func(c *Config) { c.Signatory.Address, c.Signatory.Insecure = "example.org:1", true }, "signatory.insecure:"},
		{"loopback insecure", func(c *Config) { c.Signatory.Address, c.Signatory.Insecure = "127.0.0.1:1", true }, ""},
		{"insecure together with TLS", func(c *Config) {
			c.Signatory.Address, c.Signatory.Insecure, c.Signatory.TLSDir = "127.0.0.1:1", true, "x"
		}, "signatory.insecure:"},
		{"socket with TLS", func(c *Config) { c.Signatory.Address, c.Signatory.TLSDir = "unix:/x", "y" }, "signatory.tls_dir:"},
		{"program that is not spawned", func(c *Config) { c.Signatory.Address, c.Signatory.Program = "unix:/x", "y" }, "signatory.program:"},
		{"identity that is no key", func(c *Config) { c.Signatory.Identity = "02ab" }, "signatory.identity:"},
		{"identity", func(c *Config) {
			c.Signatory.Identity = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
		}, ""},
		{"no deadline", func(c *Config) { c.Signatory.Deadline = 0 }, "signatory.deadline:"},
		{"protection without a provider", func(c *Config) { c.Auth.Clear = []string{"POST /v1/swap"} }, "auth.discovery:"},
		{"a provider that protects nothing", func(c *Config) { *c = withLogins(*c, nil) }, "auth: authentication protects nothing"},
		{"a provider without TLS", func(c *Config) {
			*c = withLogins(*c, []string{"POST /v1/swap"})
			c.Auth.Discovery = "http://login.example/.well-known/openid-configuration"
		}, "auth.discovery:"},
		{"a provider", func(c *Config) { *c = withLogins(*c, []string{"POST /v1/swap", "POST /v1/mint/*"}) }, ""},
		{"a pattern", func(c *Config) { *c = withLogins(*c, []string{"POST ^/v1/mint/.*"}) }, "auth.blind:"},
		{"info for users only", func(c *Config) { *c = withLogins(*c, []string{"GET /v1/*"}) }, "auth: GET /v1/info must not be protected"},
		{"fewer tokens in an hour than at once", func(c *Config) { c.Auth.TokensPerHour = 49 }, "auth.tokens_per_hour:"},
		{"keys that are kept for ever", func(c *Config) { c.Auth.KeepKeys = Duration(1e6 * time.Hour) }, "auth.keep_keys:"},
		{"tokens as money", func(c *Config) { c.Lightning.Fake.Units = []string{"auth"} }, "lightning.fake.units:"},
		{"a watchdog that never looks", func(c *Config) { c.Watchdog.Interval = 0 }, "watchdog.interval:"},
		{"a watchdog that is never content", func(c *Config) { c.Watchdog.AlarmBelow = 101 }, "watchdog.alarm_below:"},
		{"a watchdog that stops everything", func(c *Config) { c.Watchdog.StopMintBelow, c.Watchdog.StopMeltBelow = 1, 0.5 }, ""},
		{"no WebSockets", func(c *Config) { c.Sockets.Connections = 0 }, "sockets.connections:"},
		{"WebSockets that are never asked", func(c *Config) { c.Sockets.Ping = 0 }, "sockets.ping:"},
		{"WebSockets for a crowd", func(c *Config) { c.Sockets.Connections, c.Sockets.PerAddress = 100_000, 100_000 }, ""},
		{"unknown backend", func(c *Config) { c.Lightning.Backend = "bank" }, "lightning.backend:"},
		{"no unit to receive", func(c *Config) { c.Lightning.Fake.Units = nil }, "lightning.fake.units:"},
		{"a unit without a name", func(c *Config) { c.Lightning.Fake.Units = []string{"sat", " "} }, "lightning.fake.units:"},
		{"two units", func(c *Config) { c.Lightning.Fake.Units = []string{"sat", "USD"} }, ""},
		{"bounds the wrong way round", func(c *Config) { c.Lightning.Fake.MinAmount = 1 << 40 }, "lightning.fake.min_amount:"},
		{"payments at once", func(c *Config) { c.Lightning.Fake.IncomingDelay = 0 }, ""},
		{"payments before they are asked for", func(c *Config) { c.Lightning.Fake.IncomingDelay = -1 }, "lightning.fake.incoming_delay:"},
		{"payments that nobody waits for", func(c *Config) { c.Quotes.PayTimeout = 0 }, "quotes.pay_timeout:"},
		{"waits longer than a connection lives", func(c *Config) { c.Quotes.PayTimeout = Duration(time.Minute) }, "quotes.pay_timeout:"},
		{"melt quotes that end at once", func(c *Config) { c.Quotes.MeltTTL = 0 }, "quotes.melt_ttl:"},
		{"a fee above the payment", func(c *Config) { c.Lightning.Fake.FeePPM = 1_000_001 }, "lightning.fake.fee_ppm:"},
		{"payments that are made at once", func(c *Config) { c.Lightning.Fake.OutgoingDelay = 0 }, ""},
		{"quotes that end at once", func(c *Config) { c.Quotes.TTL = 0 }, "quotes.ttl:"},
		{"more inputs than the signatory takes", func(c *Config) { c.Limits.MaxInputs = 1001 }, "limits.max_inputs:"},
		{"no outputs", func(c *Config) { c.Limits.MaxOutputs = 0 }, "limits.max_outputs:"},
		{"contact without an address", func(c *Config) { c.Info.Contact = []Contact{{Method: "email"}} }, "info.contact: entry 1"},
		{"rates that may be limited", func(c *Config) { c.Rates.Limit = "maybe" }, "rates.limit:"},
		{"proxies", func(c *Config) { c.Rates.TrustedProxies = []string{"127.0.0.1", "::1", "10.1.0.0/16", "fd00::/8"} }, ""},
		{"a proxy by name", func(c *Config) { c.Rates.TrustedProxies = []string{"proxy.example"} }, "rates.trusted_proxies:"},
		{"a network with a host's bits", func(c *Config) { c.Rates.TrustedProxies = []string{"10.1.2.3/16"} }, "rates.trusted_proxies:"},
		{"a header that anybody could send", func(c *Config) { c.Rates.ProxyHeader = "X-Real-IP" }, "rates.proxy_header:"},
		{"no requests at all", func(c *Config) { c.Rates.Reads.PerSecond = 0 }, "rates.reads.per_second:"},
		{"no burst", func(c *Config) { c.Rates.Quotes.Burst = 0 }, "rates.quotes.burst:"},
		{"no place for addresses", func(c *Config) { c.Rates.Addresses = 0 }, "rates.addresses:"},
		{"nobody at once", func(c *Config) { c.Load.AtOnce = 0 }, "load.at_once:"},
		{"a turn that comes at once", func(c *Config) { c.Load.Wait = 0 }, "load.wait:"},
		{"a turn that comes after the connection's end", func(c *Config) { c.Load.Wait = Duration(time.Minute) }, "load.wait:"},
		{"a collector", func(c *Config) { c.Traces.Endpoint = "https://traces.example/v1/traces" }, ""},
		{"a collector without a protocol", func(c *Config) { c.Traces.Endpoint = "127.0.0.1:4318" }, "traces.endpoint:"},
		{"more traces than requests", func(c *Config) { c.Traces.Share = 1.5 }, "traces.share:"},
		{"loud log", func(c *Config) { c.Log.Level = "LOUD" }, "log.level:"},
		{"log as XML", func(c *Config) { c.Log.Format = "xml" }, "log.format:"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := defaultConfig()
			tt.change(&cfg)
			err := cfg.validate()
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("error is %v, want one that says %q", err, tt.want)
			}
		})
	}
}

func TestAllProblemsAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	code, _, errs := command(t, "check-config", "--listen", "x", "--database", "y", "--lightning", "z")
	if code != 1 {
		t.Fatalf("exit code %d", code)
	}
	for _, want := range []string{"listen:", "database:", "lightning.backend:"} {
		if !strings.Contains(errs, want) {
			t.Errorf("error does not say %q:\n%s", want, errs)
		}
	}
}

func TestMissingFileAndUnknownFlagAreErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		code int
		args []string
	}{
		{1, []string{"check-config", "--config", filepath.Join(t.TempDir(), "none.toml")}},
		{2, []string{"serve", "--no-such-flag"}},
		{2, []string{"serve", "argument"}},
		{2, []string{"no-such-verb"}},
	} {
		if code, _, errs := command(t, tt.args...); code != tt.code || !strings.HasPrefix(errs, "mintd: error: ") {
			t.Errorf("%v: exit code %d, want %d, stderr %q", tt.args, code, tt.code, errs)
		}
	}
}

func TestVersionNamesTheProgram(t *testing.T) {
	t.Parallel()
	code, out, _ := command(t, "version")
	if code != 0 || !strings.HasPrefix(out, "mintd ") {
		t.Errorf("exit code %d, output %q", code, out)
	}
}

func TestHelpTellsWhatToTry(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if code := run(context.Background(), nil, strings.NewReader(""), &out, &out); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	for _, want := range []string{"mintd serve", "check-config", "version"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("help does not mention %q:\n%s", want, out.String())
		}
	}
}

func FuzzConfigFile(f *testing.F) {
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "mintd.example.toml"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("[[info.contact]]\nmethod = \"x\""))
	f.Add([]byte("data = 1\n[log]\n[log]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		cfg := defaultConfig()
		if err := decodeConfig("fuzz", text, &cfg); err == nil {
			_ = cfg.validate()
		}
	})
}
