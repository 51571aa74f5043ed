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

// fakeType is the type of the invented node.
const fakeType = "fake"

// openFake opens the invented node. Where there are several backends it can what it is
// used for.
func openFake(ctx context.Context, cfg Config, b named, log *slog.Logger) (lightning.Backend, error) {
	c, err := fakeConfig(cfg, b, log)
	if err != nil {
		return nil, err
	}
	return fake.Open(ctx, c)
}

func checkFake(_ context.Context, cfg Config, b named) (lightning.Findings, error) {
	c, err := fakeConfig(cfg, b, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	return fake.Check(c)
}

func fakeConfig(cfg Config, b named, log *slog.Logger) (fake.Config, error) {
	f, file := b.Fake, "fake-lightning.db"
	if len(cfg.Lightning.Backends) > 0 {
		f.Methods, f.Units, file = b.Methods, b.Units, "fake-lightning-"+b.name+".db"
	}
	units := make([]cashu.Unit, 0, len(f.Units))
	for _, name := range f.Units {
		unit, err := cashu.ParseUnit(name)
		if err != nil {
			return fake.Config{}, fmt.Errorf("%q is not a unit", name)
		}
		units = append(units, unit)
	}
	network, _ := cfg.Lightning.network()
	// To the backend a delay of zero means its default.
	delay := max(f.IncomingDelay.std(), 1)
	fee := int64(f.PaymentFee)
	if fee == 0 {
		fee = -1
	}
	return fake.Config{
		Path:          cmp.Or(f.Database, filepath.Join(cfg.Data, file)),
		Shared:        f.Database != "",
		Methods:       f.Methods,
		Units:         units,
		Network:       network,
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
		Funds:         f.Funds,
		NoAmountless:  !f.Amountless,
		NoMultiPath:   !f.MultiPath,
		Clock:         crashpoint.Clock(),
		Logger:        log,
	}, nil
}
