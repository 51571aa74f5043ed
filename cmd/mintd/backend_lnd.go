package main

import (
	"context"
	"log/slog"

	"mintmark/cashu"
	"mintmark/internal/crashpoint"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/lnd"
)

// lndType is the type of a node that runs lnd.
const lndType = "lnd"

// openLND opens a node that runs lnd.
func openLND(ctx context.Context, cfg Config, b named, log *slog.Logger) (lightning.Backend, error) {
	c, err := lndConfig(cfg, b, log)
	if err != nil {
		return nil, err
	}
	return lnd.Open(ctx, c)
}

func checkLND(ctx context.Context, cfg Config, b named) (lightning.Findings, error) {
	c, err := lndConfig(cfg, b, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	return lnd.Check(ctx, c)
}

func lndConfig(cfg Config, b named, log *slog.Logger) (lnd.Config, error) {
	l := b.LND
	database, err := cfg.memory(b, l.Database)
	if err != nil {
		return lnd.Config{}, err
	}
	unit := cashu.UnitSat
	if list := b.units(); len(list) > 0 {
		unit = list[0]
	}
	network, _ := cfg.Lightning.network()
	return lnd.Config{
		URL: l.URL, TLSCert: l.TLSCert, Macaroon: l.Macaroon, Database: database, PasswordFile: passwordFile(cfg, database),
		Network: network, Unit: unit, MinAmount: cashu.Amount(l.MinAmount), MaxAmount: cashu.Amount(l.MaxAmount),
		FeePPM: l.FeePPM, FeeReserveMin: cashu.Amount(l.FeeReserveMin), Probe: l.Probe,
		PayTime: l.PayTime.std(), Doubt: l.Doubt.std(), Private: l.Private, NoMultiPath: !l.MultiPath,
		Clock: crashpoint.Clock(), Logger: log,
	}, nil
}
