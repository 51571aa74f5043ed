package mint_test

import (
	"errors"
	"testing"
	"time"

	"mintmark/mint"
)

func TestSettingsThatAreNotThereHaveErrorsOfTheirOwn(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	if _, err := mint.StoredAbout(t.Context(), store); !errors.Is(err, mint.ErrNoMintInfo) {
		t.Errorf("mint info: %v", err)
	}
	if _, err := mint.StoredQuoteTTL(t.Context(), store); !errors.Is(err, mint.ErrNoQuoteTTL) {
		t.Errorf("quote lifetime: %v", err)
	}
	if _, err := mint.ParseConfigKey("colour"); !errors.Is(err, mint.ErrUnknownConfig) {
		t.Errorf("unknown key: %v", err)
	}
	if err := mint.SetConfig(t.Context(), store, mint.ConfigIdentity, "x"); !errors.Is(err, mint.ErrUnknownConfig) {
		t.Errorf("a key that is not the operator's: %v", err)
	}
}

func TestSettingsInTheDatabaseWinWithoutARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	for _, bad := range []struct {
		key   mint.ConfigKey
		value string
	}{
		{mint.ConfigQuoteTTL, "soon"}, {mint.ConfigQuoteTTL, "-1h"},
		{mint.ConfigMintInfo, "{"}, {mint.ConfigMintInfo, `{"colour":"green"}`},
	} {
		if err := mint.SetConfig(t.Context(), w.store, bad.key, bad.value); err == nil {
			t.Errorf("%s = %q was accepted", bad.key, bad.value)
		}
	}
	if err := mint.SetConfig(t.Context(), w.store, mint.ConfigQuoteTTL, "5m"); err != nil {
		t.Fatal(err)
	}
	if err := mint.SetConfig(t.Context(), w.store, mint.ConfigMintInfo, `{"name":"Corner mint"}`); err != nil {
		t.Fatal(err)
	}
	m := w.newMint("second")
	if got := m.Info().Name; got != "Corner mint" {
		t.Errorf("name is %q", got)
	}
	w.mint = m
	if q := w.quote(1); q.Expiry.Sub(q.Created) != 5*time.Minute {
		t.Errorf("a quote lives %v", q.Expiry.Sub(q.Created))
	}
}
