package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/pflag"
)

// setting is a flag and the field of the configuration that it sets.
type setting struct {
	name, usage string
	field       func(*Config) *string
}

// settings are the flags that win over the file. What has no flag can be set in
// the file.
func settings() []setting {
	return []setting{
		{"data", "`directory` of everything that mintd keeps", func(c *Config) *string { return &c.Data }},
		{"listen", "`HOST:PORT` where wallets reach the mint", func(c *Config) *string { return &c.Listen }},
		{"signatory", "who holds the keys: spawn (a child process), unix:`PATH` or HOST:PORT; several with commas", func(c *Config) *string { return &c.Signatory.Address }},
		{"signatory-tls", "`directory` of ca.pem, client.pem and client.key, for HOST:PORT", func(c *Config) *string { return &c.Signatory.TLSDir }},
		{"signatory-program", "`file` of the signatory program, for spawn (default beside mintd, else on the PATH)", func(c *Config) *string { return &c.Signatory.Program }},
		{"database", "`WHERE` the mint keeps its records: sqlite:PATH or postgres://USER@HOST/DATABASE (default sqlite:DATA/mint.db)", func(c *Config) *string { return &c.Database }},
		{"metrics", "`HOST:PORT` of the page for Prometheus (default none)", func(c *Config) *string { return &c.Metrics }},
		{"lightning", "payment `backend`, where there is one: fake (play money)", func(c *Config) *string { return &c.Lightning.Backend }},
		{"log-level", "debug, info, warn or error", func(c *Config) *string { return &c.Log.Level }},
		{"log-format", "text or json", func(c *Config) *string { return &c.Log.Format }},
	}
}

const configFlag = "config"

// addConfigFlags declares --config and every setting, with their defaults.
func addConfigFlags(flags *pflag.FlagSet) {
	flags.String(configFlag, "", "TOML `file` with the configuration; flags win over it")
	defaults := defaultConfig()
	for _, s := range settings() {
		flags.String(s.name, *s.field(&defaults), s.usage)
	}
}

// loadConfig puts defaults, file and flags together and checks the result.
func loadConfig(flags *pflag.FlagSet) (Config, error) {
	cfg := defaultConfig()
	file, err := flags.GetString(configFlag)
	if err != nil {
		return Config{}, err
	}
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return Config{}, fmt.Errorf("reading the configuration: %w", err)
		}
		if err := decodeConfig(file, text, &cfg); err != nil {
			return Config{}, err
		}
	}
	for _, s := range settings() {
		if f := flags.Lookup(s.name); f.Changed {
			*s.field(&cfg) = f.Value.String()
		}
	}
	if err := cfg.validate(); err != nil {
		return Config{}, fmt.Errorf("the configuration is wrong:\n%w", err)
	}
	return cfg, nil
}

// decodeConfig reads TOML into cfg, over what is there. Every unknown key and
// every value of the wrong type is an error that says where it is.
func decodeConfig(file string, text []byte, cfg *Config) error {
	if err := cfg.Lightning.expect(text); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	d := toml.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(cfg)
	if err == nil {
		return nil
	}
	if unknown, ok := errors.AsType[*toml.StrictMissingError](err); ok {
		var problems []error
		for _, e := range unknown.Errors {
			line, _ := e.Position()
			problems = append(problems, fmt.Errorf("%s:%d: unknown key %s", file, line, strings.Join(e.Key(), ".")))
		}
		return errors.Join(problems...)
	}
	if wrong, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, _ := wrong.Position()
		where := fmt.Sprintf("%s:%d", file, line)
		if key := strings.Join(wrong.Key(), "."); key != "" {
			where += ": " + key
		}
		return fmt.Errorf("%s: %s", where, strings.TrimPrefix(wrong.Error(), "toml: "))
	}
	return fmt.Errorf("%s: %w", file, err)
}
