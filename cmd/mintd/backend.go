package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"mintmark/mint"
	"mintmark/mint/lightning"
)

// backendType is a kind of payment backend.
type backendType struct {
	// validate reports what is wrong with its settings, each under its key.
	validate func(b named, wrong report)
	// open opens it. What is wrong on this machine is an error; whether the node is
	// there is for the backend to find out, as often as it takes.
	open func(ctx context.Context, cfg Config, b named, log *slog.Logger) (lightning.Backend, error)
	// check looks at it without opening it, and changes nothing.
	check func(ctx context.Context, cfg Config, b named) (lightning.Findings, error)
}

// backendTypes are all that there are, by the name that the configuration has for them.
func backendTypes() map[string]backendType {
	return map[string]backendType{
		fakeType: {
			validate: func(b named, wrong report) { b.Fake.validate(b, wrong) },
			open:     openFake,
			check:    checkFake,
		},
		lndType: {
			validate: func(b named, wrong report) { b.LND.validate(b, wrong) },
			open:     openLND,
			check:    checkLND,
		},
		clnType: {
			validate: func(b named, wrong report) { b.CLN.validate(b, wrong) },
			open:     openCLN,
			check:    checkCLN,
		},
		processorType: {
			validate: func(b named, wrong report) { b.Processor.validate(wrong) },
			open:     openProcessor,
			check:    checkProcessor,
		},
	}
}

// backends are the open payment backends.
type backends []mint.Backend

// openBackends opens all payment backends. The caller closes them.
func openBackends(ctx context.Context, cfg Config, log *slog.Logger) (list backends, err error) {
	for _, b := range cfg.Lightning.all() {
		node, err := backendTypes()[b.Type].open(ctx, cfg, b, log.With("backend", b.name))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("opening the payment backend %s: %w", b, err), list.Close())
		}
		list = append(list, mint.Backend{Name: b.name, Receiver: node, Payer: node, Methods: b.Methods, Units: b.units(), NoMint: !b.Mint, NoMelt: !b.Melt})
	}
	return list, nil
}

var _ io.Closer = (backends)(nil)

// Close closes them in the opposite order.
func (list backends) Close() error {
	var errs []error
	for i := range list {
		b := list[len(list)-1-i]
		if err := b.Receiver.Close(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", b.Name, err))
		}
	}
	return errors.Join(errs...)
}
