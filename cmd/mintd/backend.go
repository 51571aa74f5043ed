package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"

	"mintmark/cashu"
	"mintmark/internal/crashpoint"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/fake"
)

// backend takes money in and sends it out.
type backend interface {
	lightning.Receiver
	lightning.Payer
}

// openBackend opens the payment backend. There is one so far.
func openBackend(ctx context.Context, cfg Config, log *slog.Logger) (backend, error) {
	f := cfg.Lightning.Fake
	units := make([]cashu.Unit, 0, len(f.Units))
	for _, name := range f.Units {
		unit, err := cashu.ParseUnit(name)
		if err != nil {
			return nil, fmt.Errorf("lightning.fake.units: %q is not a unit", name)
		}
		units = append(units, unit)
	}
	// To the backend a delay of zero means its default.
	delay := max(f.IncomingDelay.std(), 1)
	fee := int64(f.PaymentFee)
	if fee == 0 {
		fee = -1
	}
	return fake.Open(ctx, fake.Config{
		Path:          cmp.Or(f.Database, filepath.Join(cfg.Data, "fake-lightning.db")),
		Shared:        f.Database != "",
		Methods:       f.Methods,
		Units:         units,
		OpenAmount:    cashu.Amount(f.OpenAmount),
		Confirmations: f.Confirmations,
		BlockTime:     max(f.BlockTime.std(), 1),
		IncomingDelay: delay,
		SettleOnCheck: f.SettleOnCheck,
		MinAmount:     cashu.Amount(f.MinAmount),
		MaxAmount:     cashu.Amount(f.MaxAmount),
		OutgoingDelay: max(f.OutgoingDelay.std(), 1),
		FeePPM:        f.FeePPM,
		FeeReserveMin: cashu.Amount(f.FeeReserveMin),
		PaymentFee:    fee,
		NoAmountless:  !f.Amountless,
		NoMultiPath:   !f.MultiPath,
		Clock:         crashpoint.Clock(),
		Logger:        log,
	})
}
