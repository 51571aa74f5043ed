package main

import (
	"context"
	"log/slog"

	"mintmark/internal/crashpoint"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/processor"
)

// processorType is the type of a payment processor.
const processorType = "processor"

func openProcessor(ctx context.Context, cfg Config, b named, log *slog.Logger) (lightning.Backend, error) {
	c, err := processorConfig(cfg, b, log)
	if err != nil {
		return nil, err
	}
	return processor.Open(ctx, c)
}

func checkProcessor(ctx context.Context, cfg Config, b named) (lightning.Findings, error) {
	c, err := processorConfig(cfg, b, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	return processor.Check(ctx, c, processor.Use{Methods: b.Methods, Units: b.units()})
}

func processorConfig(cfg Config, b named, log *slog.Logger) (processor.Config, error) {
	p := b.Processor
	journal, err := cfg.memory(b, p.Database)
	if err != nil {
		return processor.Config{}, err
	}
	network, _ := cfg.Lightning.network()
	return processor.Config{
		Address: p.Address, TLSDir: p.TLSDir, ServerName: p.ServerName, Insecure: p.Insecure, Network: network, AtMostOnce: p.AtMostOnce,
		Journal: journal, JournalPasswordFile: passwordFile(cfg, journal),
		Deadline: p.Deadline.std(), PayDeadline: p.PayDeadline.std(), Doubt: p.Doubt.std(),
		Keep: max(processor.DefaultKeep, 2*cfg.Quotes.Keep.std()), Clock: crashpoint.Clock(), Logger: log,
	}, nil
}
