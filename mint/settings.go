package mint

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
)

// Settings are the part of the configuration that may also live in the database:
// what is set there wins over the file, is shared by all replicas, and takes
// effect without a restart.

const (
	// ConfigMintInfo is what the operator says about the mint: an About as JSON.
	ConfigMintInfo ConfigKey = "mint_info"
	// ConfigQuoteTTL is how long a mint quote can be paid: a Go duration.
	ConfigQuoteTTL ConfigKey = "quote_ttl"
	// ConfigTerms is on what terms the mint deals: a list of Terms as JSON.
	ConfigTerms ConfigKey = "terms"
)

// settingsPoll is how often the database is asked what was set.
const settingsPoll = 2 * time.Second

// Errors of settings. Each says which one is not there.
var (
	// ErrNoMintInfo: no mint info is kept in the database.
	ErrNoMintInfo = errors.New("no mint info is kept in the database")
	// ErrNoQuoteTTL: no quote lifetime is kept in the database.
	ErrNoQuoteTTL = errors.New("no quote lifetime is kept in the database")
	// ErrUnknownConfig: there is no configuration key of this name.
	ErrUnknownConfig = errors.New("unknown configuration key")
)

// ConfigKeys are those that an operator may set.
func ConfigKeys() []ConfigKey { return []ConfigKey{ConfigMintInfo, ConfigQuoteTTL, ConfigTerms} }

// ParseConfigKey accepts the name of a key that an operator may set.
func ParseConfigKey(name string) (ConfigKey, error) {
	if key := ConfigKey(name); slices.Contains(ConfigKeys(), key) {
		return key, nil
	}
	return "", fmt.Errorf("%w: %q", ErrUnknownConfig, name)
}

// MissingConfig is the error of a key that is not in the database.
func MissingConfig(key ConfigKey) error {
	switch key {
	case ConfigMintInfo:
		return ErrNoMintInfo
	case ConfigQuoteTTL:
		return ErrNoQuoteTTL
	case ConfigTerms:
		return ErrNoTerms
	}
	return ErrNotFound
}

// StoredAbout reads the mint info from the database, or fails with ErrNoMintInfo.
func StoredAbout(ctx context.Context, r ConfigReads) (About, error) {
	value, err := r.Config(ctx, ConfigMintInfo)
	if errors.Is(err, ErrNotFound) {
		return About{}, ErrNoMintInfo
	}
	if err != nil {
		return About{}, fmt.Errorf("reading the mint info: %w", err)
	}
	return parseAbout(value)
}

func parseAbout(value string) (About, error) {
	var a About
	if err := json.Unmarshal([]byte(value), &a, json.RejectUnknownMembers(true)); err != nil {
		return About{}, fmt.Errorf("mint info is not what it should be: %w", err)
	}
	return a, nil
}

// StoredQuoteTTL reads the lifetime of quotes from the database, or fails with
// ErrNoQuoteTTL.
func StoredQuoteTTL(ctx context.Context, r ConfigReads) (time.Duration, error) {
	value, err := r.Config(ctx, ConfigQuoteTTL)
	if errors.Is(err, ErrNotFound) {
		return 0, ErrNoQuoteTTL
	}
	if err != nil {
		return 0, fmt.Errorf("reading the quote lifetime: %w", err)
	}
	return parseQuoteTTL(value)
}

func parseQuoteTTL(value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("quote lifetime %q is not a positive duration such as 1h", value)
	}
	return d, nil
}

// SetConfig checks a value and keeps it in the database.
func SetConfig(ctx context.Context, store Store, key ConfigKey, value string) error {
	var err error
	switch key {
	case ConfigMintInfo:
		_, err = parseAbout(value)
	case ConfigQuoteTTL:
		_, err = parseQuoteTTL(value)
	case ConfigTerms:
		_, err = parseTerms(value)
	default:
		err = fmt.Errorf("%w: %q", ErrUnknownConfig, key)
	}
	if err != nil {
		return err
	}
	return store.Update(ctx, Durable, func(tx Tx) error { return tx.SetConfig(ctx, key, value) })
}

// settings is what is in force.
type settings struct {
	about    About
	quoteTTL time.Duration
	terms    []Terms // of the database alone
}

// loadSettings lets the database win over the configuration that the mint was
// started with. What cannot be read leaves in force what is.
func (m *Mint) loadSettings(ctx context.Context) {
	next := settings{about: m.cfg.About, quoteTTL: m.cfg.QuoteTTL}
	switch about, err := StoredAbout(ctx, m.store); {
	case err == nil:
		next.about = about
	case !errors.Is(err, ErrNoMintInfo):
		m.log.Error("mint info from the database is not in force", "error", err)
		next.about = m.settings.Load().about
	}
	switch ttl, err := StoredQuoteTTL(ctx, m.store); {
	case err == nil:
		next.quoteTTL = ttl
	case !errors.Is(err, ErrNoQuoteTTL):
		m.log.Error("quote lifetime from the database is not in force", "error", err)
		next.quoteTTL = m.settings.Load().quoteTTL
	}
	switch terms, err := StoredTerms(ctx, m.store); {
	case err == nil:
		next.terms = terms
	case !errors.Is(err, ErrNoTerms):
		m.log.Error("terms from the database are not in force", "error", err)
		next.terms = m.settings.Load().terms
	}
	m.settings.Store(&next)
}

// followSettings takes over what is set in the database, on whichever replica, within
// settingsPoll.
func (m *Mint) followSettings(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(settingsPoll):
			m.loadSettings(ctx)
		}
	}
}
