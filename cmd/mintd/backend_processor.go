package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"mintmark/internal/crashpoint"
	"mintmark/internal/sqldb"
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
	journal, err := cfg.journal(b, p.Database)
	if err != nil {
		return processor.Config{}, err
	}
	network, _ := cfg.Lightning.network()
	return processor.Config{
		Address: p.Address, TLSDir: p.TLSDir, ServerName: p.ServerName, Insecure: p.Insecure, Network: network, AtMostOnce: p.AtMostOnce,
		Journal: journal, JournalPasswordFile: passwordFile(cfg, journal),
		Deadline: p.Deadline.std(), PayDeadline: p.PayDeadline.std(), Doubt: p.Doubt.std(),
		Keep: max(90*24*time.Hour, 2*cfg.Quotes.Keep.std()), Clock: crashpoint.Clock(), Logger: log,
	}, nil
}

// journal is where the memory of a backend is. Two mintd with a memory each would not
// know of each other's payments, and make them again.
func (cfg Config) journal(b named, place string) (string, error) {
	switch {
	case place != "":
		return place, nil
	case sqldb.IsServer(cfg.databasePath()):
		return "", fmt.Errorf("several mintd may share the mint's database, so they must share what they remember of payments: say "+
			"%s.%s.database, another database or another schema on the server", b.key, b.Type)
	}
	return filepath.Join(cfg.Data, b.memoryFile()), nil
}

// memoryFile is the file in which a backend remembers payments. The only backend is called
// by its type; it keeps its file when it becomes one of several under that name, for what
// it has begun must not be begun again.
func (b named) memoryFile() string {
	if b.name == b.Type {
		return b.Type + ".db"
	}
	return b.Type + "-" + b.name + ".db"
}
