package mint

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mintmark/cashu"
	"mintmark/mint/lightning"
)

// A backend that invents its payments makes ecash that is worth nothing, and it can
// never be told from other ecash of its unit. So a unit is one of play money or one of
// money, from its first start on and for ever: whoever tried a mint out with a fake
// backend and then gave it a node would let everybody turn play money into money.

// What is remembered of a unit, see configMoney.
const (
	moneyPlay = "play"
	moneyReal = "money"
)

// ErrPlayMoney: a unit would be play money and money, at once or one after the other.
var ErrPlayMoney = errors.New("play money would mix with money")

// checkMoney compares what the backends make of every unit with what the database
// remembers, and makes it remember. Units of which nobody can tell yet are left for
// the next start.
func checkMoney(ctx context.Context, store Store, backends []Backend, mix bool) error {
	kinds := map[cashu.Unit]string{}
	var problems []error
	note := func(b Backend, method string, unit cashu.Unit, fake bool) {
		kind := moneyReal
		if fake {
			kind = moneyPlay
		}
		switch {
		case !b.serves(method, unit):
		case kinds[unit] != "" && kinds[unit] != kind:
			problems = append(problems, fmt.Errorf("%w: backend %s and another one, in %s", ErrPlayMoney, b.Name, unit))
		default:
			kinds[unit] = kind
		}
	}
	for _, b := range backends {
		var in []lightning.Settings
		var out []lightning.PaySettings
		if b.Receiver != nil {
			in = b.Receiver.Settings()
		}
		if b.Payer != nil {
			out = b.Payer.PaySettings()
		}
		for _, s := range in {
			note(b, s.Method, s.Unit, s.Fake)
		}
		for _, s := range out {
			note(b, s.Method, s.Unit, s.Fake)
		}
	}
	if mix {
		return nil
	}
	if len(problems) > 0 {
		return errors.Join(problems...)
	}
	for unit, kind := range kinds {
		if err := rememberMoney(ctx, store, unit, kind); err != nil {
			return err
		}
	}
	return nil
}

// configMoney is where the database remembers what a unit is.
func configMoney(unit cashu.Unit) ConfigKey { return ConfigKey("money/" + string(unit)) }

func rememberMoney(ctx context.Context, store Store, unit cashu.Unit, kind string) error {
	if before, err := store.Config(ctx, configMoney(unit)); err == nil && before == kind {
		return nil // a database that cannot be written can be read
	}
	return store.Update(ctx, Durable, func(tx Tx) error {
		before, err := tx.Config(ctx, configMoney(unit))
		if errors.Is(err, ErrNotFound) {
			if before, err = moneyBefore(ctx, tx, unit, kind); err == nil {
				err = tx.SetConfig(ctx, configMoney(unit), before)
			}
		}
		switch {
		case err != nil:
			return fmt.Errorf("reading what %s is: %w", unit, err)
		case before != kind:
			return fmt.Errorf("%w: the unit %s of this database is %s, and its payment backend now makes it %s. "+
				"A mint with money begins with a new database and new keysets", ErrPlayMoney, unit, before, kind)
		}
		return nil
	})
}

// moneyBefore is what a unit was whose database does not say so: play money, if there is
// any, because there was nothing else then.
func moneyBefore(ctx context.Context, tx Tx, unit cashu.Unit, kind string) (string, error) {
	snapshot, err := tx.Keysets(ctx)
	if errors.Is(err, ErrNotFound) {
		return kind, nil
	}
	if err != nil {
		return "", err
	}
	totals, err := tx.Totals(ctx)
	if err != nil {
		return "", err
	}
	for _, ks := range snapshot.Keysets {
		issued := slices.ContainsFunc(totals, func(t KeysetTotals) bool { return t.KeysetID == ks.ID && t.Issued > 0 })
		if ks.Unit == unit && issued {
			return moneyPlay, nil
		}
	}
	return kind, nil
}
