package processor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/encoding/protojson"

	"mintmark/cashu"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/journal"
	pb "mintmark/proto/cdk_payment_processor"
)

// settings is what the processor can do.
type settings struct {
	unit    cashu.Unit
	in      []lightning.Settings
	out     []lightning.PaySettings
	written string // as the journal keeps it
}

// maxMethods bounds the methods that a processor may have.
const maxMethods = 32

// settingsNote is where the journal keeps what the processor said last.
const settingsNote = "processor.settings"

// Settings implements lightning.Receiver.
func (b *Backend) Settings() []lightning.Settings { return b.known().in }

// PaySettings implements lightning.Payer.
func (b *Backend) PaySettings() []lightning.PaySettings { return b.known().out }

// known is what is known of the processor; nothing before it was there for the first
// time.
func (b *Backend) known() *settings {
	if s := b.settings.Load(); s != nil {
		return s
	}
	return &settings{}
}

// recallSettings reads what the processor said the last time.
func (b *Backend) recallSettings(ctx context.Context) error {
	written, err := b.journal.Note(ctx, settingsNote)
	if errors.Is(err, journal.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var answer pb.SettingsResponse
	if err := protojson.Unmarshal([]byte(written), &answer); err != nil {
		return fmt.Errorf("reading settings from the journal: %w", err)
	}
	s, err := b.parseSettings(&answer)
	if err != nil {
		return fmt.Errorf("reading settings from the journal: %w", err)
	}
	s.written = written
	b.settings.Store(s)
	return nil
}

// learnSettings asks the processor what it can do.
func (b *Backend) learnSettings(ctx context.Context) error {
	if err := b.there(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, b.cfg.Deadline)
	defer cancel()
	answer, err := b.rpc.GetSettings(ctx, &pb.EmptyRequest{})
	if err != nil {
		return failed(err)
	}
	s, err := b.parseSettings(answer)
	if err != nil {
		return err
	}
	before := b.settings.Load()
	if before != nil && before.unit != s.unit {
		// The journal holds amounts that count the old one.
		return fmt.Errorf("its unit was %s and is %s now: that is another processor, which needs a journal of its own", before.unit, s.unit)
	}
	written, err := protojson.Marshal(answer)
	if err != nil {
		return fmt.Errorf("writing settings: %w", err)
	}
	s.written = string(written)
	if before == nil || !slices.Equal(before.in, s.in) || !slices.Equal(before.out, s.out) {
		if err := b.journal.SetNote(ctx, settingsNote, s.written); err != nil {
			return err
		}
		b.log.Info("what the payment processor can do", "unit", string(s.unit), "methods", s.methods())
	}
	b.settings.Store(s)
	return nil
}

func (s *settings) methods() (names []string) {
	for _, v := range s.in {
		names = append(names, v.Method)
	}
	return names
}

// parseSettings reads what the processor says, with the operator's bounds.
func (b *Backend) parseSettings(answer *pb.SettingsResponse) (*settings, error) {
	unit, err := cashu.ParseUnit(answer.GetUnit())
	if err != nil || unit == cashu.UnitAuth {
		return nil, fmt.Errorf("its unit %q is none", clean(answer.GetUnit()))
	}
	s := &settings{unit: unit}
	add := func(in lightning.Settings, out lightning.PaySettings) {
		in.Unit, out.Unit, out.Method = unit, unit, in.Method
		in.MinAmount, in.MaxAmount = max(in.MinAmount, b.cfg.MinAmount), b.cfg.MaxAmount
		out.MinAmount, out.MaxAmount = max(out.MinAmount, b.cfg.MinAmount), b.cfg.MaxAmount
		s.in, s.out = append(s.in, in), append(s.out, out)
	}
	if v := answer.GetBolt11(); v != nil {
		add(lightning.Settings{Method: lightning.MethodBolt11, Description: v.GetInvoiceDescription()},
			lightning.PaySettings{Amountless: v.GetAmountless(), MultiPath: v.GetMpp()})
	}
	if v := answer.GetBolt12(); v != nil {
		add(lightning.Settings{Method: lightning.MethodBolt12, Description: v.GetInvoiceDescription(), Amountless: true},
			lightning.PaySettings{Amountless: v.GetAmountless()})
	}
	if v := answer.GetOnchain(); v != nil {
		least, errIn := satIn(v.GetMinReceiveAmountSat(), unit)
		most, errOut := satIn(v.GetMinSendAmountSat(), unit)
		if err := errors.Join(errIn, errOut); err != nil {
			return nil, fmt.Errorf("its least amounts on the chain: %w", err)
		}
		add(lightning.Settings{Method: lightning.MethodOnchain, Amountless: true, Confirmations: v.GetConfirmations(), MinAmount: least},
			lightning.PaySettings{MinAmount: most})
	}
	for _, name := range slices.Sorted(maps.Keys(answer.GetCustom())) {
		if !isCustom(name) || len(s.in) >= maxMethods {
			b.log.Warn("the payment processor has a method that cannot be used", "method", clean(name))
			continue
		}
		add(lightning.Settings{Method: name, Amountless: true, Description: true}, lightning.PaySettings{})
	}
	return s, nil
}

// satIn is an amount in satoshi in the unit of the processor.
func satIn(sat uint64, unit cashu.Unit) (cashu.Amount, error) {
	if unit != unitSat && unit != unitMsat {
		return 0, nil // nobody can tell; the processor will
	}
	return readAmount(&pb.AmountMessage{Value: sat, Unit: string(unitSat)}, unit, true)
}

// isCustom tells whether wallets can name a method so (NUT-04), and whether it is none
// that has rules of its own.
func isCustom(name string) bool {
	switch name {
	case "", "quote", "batch", "check", lightning.MethodBolt11, lightning.MethodBolt12, lightning.MethodOnchain:
		return false
	}
	if len(name) > 32 {
		return false
	}
	for _, c := range []byte(name) {
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

func (b *Backend) receivable(method string, unit cashu.Unit) (lightning.Settings, error) {
	for _, s := range b.known().in {
		if s.Method == method && s.Unit == unit {
			return s, nil
		}
	}
	return lightning.Settings{}, b.cannot()
}

func (b *Backend) payable(method string, unit cashu.Unit) (lightning.PaySettings, error) {
	for _, s := range b.known().out {
		if s.Method == method && s.Unit == unit {
			return s, nil
		}
	}
	return lightning.PaySettings{}, b.cannot()
}

func (b *Backend) cannot() error {
	if b.settings.Load() == nil {
		return errNotThere
	}
	return fmt.Errorf("%w: method or unit is not supported", lightning.ErrRefused)
}
