package server

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/keystore"
)

// failing is a keystore whose arithmetic begins to fail.
type failing struct {
	*keystore.Keystore
	spoil  func([]cashu.BlindSignature)
	verify func(error) error
}

func (f failing) Sign(ctx context.Context, m []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
	out, err := f.Keystore.Sign(ctx, m)
	if err == nil && f.spoil != nil {
		f.spoil(out)
	}
	return out, err
}

func (f failing) Verify(ctx context.Context, p []cashu.Proof) error {
	err := f.Keystore.Verify(ctx, p)
	if f.verify != nil {
		err = f.verify(err)
	}
	return err
}

func TestTheSelfTestFindsWhatIsBroken(t *testing.T) {
	t.Parallel()
	ks := realKeystore(t, nil)
	if err := selfTest(t.Context(), ks, time.Now()); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		broken failing
		want   string
	}{
		"a signature of another key": {failing{Keystore: ks, spoil: func(s []cashu.BlindSignature) { s[7].C, s[7].DLEQ = s[8].C, s[8].DLEQ }}, "was held back"},
		"a proof with one bit off":   {failing{Keystore: ks, spoil: func(s []cashu.BlindSignature) { s[31].DLEQ.S[31] ^= 1 }}, "was held back"},
		"no proof":                   {failing{Keystore: ks, spoil: func(s []cashu.BlindSignature) { s[0].DLEQ = nil }}, "was held back"},
		"everything is true":         {failing{Keystore: ks, verify: func(error) error { return nil }}, "a false coin is taken"},
		"nothing is true":            {failing{Keystore: ks, verify: func(error) error { return cashu.ErrProofInvalid }}, "a true coin is refused"},
	} {
		if err := selfTest(t.Context(), test.broken, time.Now()); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
		s, err := New(Config{Keystore: test.broken, Listen: "unix:" + socketPath(t), Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Serve(t.Context()); err == nil || !strings.Contains(err.Error(), "self-test") {
			t.Errorf("%s: it serves: %v", name, err)
		}
	}
}

func TestWhatDoesNotVerifyDoesNotLeave(t *testing.T) {
	t.Parallel()
	ks := realKeystore(t, nil)
	frozen, err := openFrozen(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	budgets, err := openBudgets(t.Context(), nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	journal := newJournal(nil, slog.New(slog.DiscardHandler), time.Now)
	messages, _ := order(t, ks.Keysets().Keysets[0], 1, 4)
	sign := func(check OutputCheck, spoil func([]cashu.BlindSignature)) error {
		s := &signing{keystore: failing{Keystore: ks, spoil: spoil}, budgets: budgets, frozen: frozen, journal: journal, check: check}
		_, err := s.sign(t.Context(), &Client{Name: "c"}, "", messages)
		return err
	}
	for _, check := range []OutputCheck{CheckSample, CheckEvery} {
		if err := sign(check, nil); err != nil {
			t.Error(err)
		}
	}
	one := func(s []cashu.BlindSignature) { s[2].DLEQ = &bdhke.DLEQ{} }
	if err := sign(CheckEvery, one); !errors.Is(err, errBadOutput) {
		t.Error(err)
	}
	found := 0
	for range 200 {
		if errors.Is(sign(CheckSample, one), errBadOutput) {
			found++
		}
	}
	if found < 20 || found > 90 {
		t.Errorf("a sample of one in four has found %d of 200", found)
	}
	if err := sign(CheckSample, func(s []cashu.BlindSignature) { s[0], s[1], s[2], s[3] = s[1], s[0], s[3], s[2] }); !errors.Is(err, errBadOutput) {
		t.Errorf("signatures in another order: %v", err)
	}
}
