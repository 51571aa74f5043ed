package main

import (
	"context"
	"log/slog"

	"mintmark/cashu"
	"mintmark/internal/crashpoint"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/cln"
)

// clnType is the type of a Core Lightning node.
const clnType = "cln"

func openCLN(ctx context.Context, cfg Config, b named, log *slog.Logger) (lightning.Backend, error) {
	c, err := clnConfig(cfg, b, log)
	if err != nil {
		return nil, err
	}
	return cln.Open(ctx, c)
}

func checkCLN(ctx context.Context, cfg Config, b named) (lightning.Findings, error) {
	c, err := clnConfig(cfg, b, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	return cln.Check(ctx, c)
}

func clnConfig(cfg Config, b named, log *slog.Logger) (cln.Config, error) {
	c := b.CLN
	journal, err := cfg.memory(b, c.Database)
	if err != nil {
		return cln.Config{}, err
	}
	unit := cashu.UnitSat
	if list := b.units(); len(list) > 0 {
		unit = list[0]
	}
	network, _ := cfg.Lightning.network()
	return cln.Config{
		URL: c.URL, TLSCert: c.TLSCert, ServerName: c.ServerName, Rune: c.Rune, Journal: journal, JournalPasswordFile: passwordFile(cfg, journal),
		Network: network, Unit: unit, Offers: c.Offers, MinAmount: cashu.Amount(c.MinAmount), MaxAmount: cashu.Amount(c.MaxAmount),
		FeePPM: c.FeePPM, FeeReserveMin: cashu.Amount(c.FeeReserveMin), NoMultiPath: !c.MultiPath,
		PayTime: c.PayTime.std(), Doubt: c.Doubt.std(), Clock: crashpoint.Clock(), Logger: log,
	}, nil
}
