package bench

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"mintmark/cashu"
	"mintmark/signatory"
)

// SignConfig says which signatory is measured, and with what.
type SignConfig struct {
	// Connect is "unix:PATH" or "HOST:PORT".
	Connect     string
	TLSDir      string // ca.pem, client.pem, client.key: needed for HOST:PORT unless Insecure
	Insecure    bool   // TCP without TLS, loopback only
	AllowRemote bool
	Unit        string // empty is sat
	Timeout     time.Duration
	Messages    int  // of one call; 0 is 2
	Verify      bool // measure VerifyProofs instead of BlindSign

}

// Sign measures a signatory that speaks the contract of CDK over gRPC. All
// workers share one connection, as a mint's requests do. The client of package
// signatory checks every answer; its CPU time is the client's.
func Sign(ctx context.Context, l Load, c SignConfig) (Report, error) {
	if c.Messages == 0 {
		c.Messages = 2
	}
	l, err := l.withDefaults()
	if err := errorsFirst(checkItems("messages", c.Messages), err, c.checkAddress()); err != nil {
		return Report{}, err
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	client, err := signatory.Dial(signatory.ClientConfig{
		Address: c.Connect, TLSDir: c.TLSDir, Insecure: c.Insecure, Deadline: c.Timeout,
	})
	if err != nil {
		return Report{}, fmt.Errorf("reaching the signatory: %w", err)
	}
	defer client.Close()
	l.Progress.Phase("looking at the signatory", 1)
	keyset, err := activeKeyset(ctx, client, orElse(c.Unit, "sat"))
	if err != nil {
		return Report{}, err
	}
	return run(ctx, l, &signScenario{load: l, cfg: c, client: client, keyset: keyset})
}

func (c SignConfig) checkAddress() error {
	if c.AllowRemote || strings.HasPrefix(c.Connect, "unix:") {
		return nil
	}
	host, _, err := net.SplitHostPort(c.Connect)
	if err != nil {
		return fmt.Errorf("the address of a signatory is unix:PATH or HOST:PORT: %w", err)
	}
	if !loopbackHost(host) {
		return fmt.Errorf("%s: %w", host, ErrRemote)
	}
	return nil
}

func activeKeyset(ctx context.Context, client signatory.Signatory, unit string) (cashu.Keyset, error) {
	all, err := client.Keysets(ctx)
	if err != nil {
		return cashu.Keyset{}, fmt.Errorf("reading the keysets: %w", err)
	}
	for _, k := range all.Keysets {
		if k.Active && string(k.Unit) == unit {
			return k, nil
		}
	}
	return cashu.Keyset{}, fmt.Errorf("the signatory has no active keyset of the unit %q", unit)
}

// signedVariety is how many different messages or proofs there are at most; calls
// take them in turn. A signatory keeps no answers, so asking again costs it as much.
const signedVariety = 2048

type signScenario struct {
	load   Load
	cfg    SignConfig
	client signatory.Signatory
	keyset cashu.Keyset

	messages []cashu.BlindedMessage
	proofs   []cashu.Proof
	workers  int
}

func (s *signScenario) prepare(ctx context.Context, n int) error {
	missing := min(signedVariety, max(n, 1)*s.cfg.Messages) - len(s.messages)
	if missing <= 0 {
		return nil
	}
	s.load.Progress.Phase("preparing messages", missing)
	var fresh stock
	if err := fresh.fill(ctx, missing); err != nil {
		return err
	}
	amounts := s.keyset.Keys.Amounts()
	for i, b := range fresh.made {
		s.messages = append(s.messages, cashu.BlindedMessage{Amount: amounts[i%len(amounts)], ID: s.keyset.ID, B: b.b})
	}
	if !s.cfg.Verify {
		return nil
	}
	// With a blinding factor of zero the signature is the coin's.
	const atOnce = 128
	for from := 0; from < missing; from += atOnce {
		part := fresh.made[from:min(from+atOnce, missing)]
		signed, err := s.client.BlindSign(ctx, s.messages[len(s.proofs):][:len(part)])
		if err != nil {
			return fmt.Errorf("signing what will be verified: %w", err)
		}
		for i, sig := range signed {
			s.proofs = append(s.proofs, cashu.Proof{
				Amount: sig.Amount, ID: sig.ID, C: sig.C, Secret: hex.EncodeToString(part[i].secret[:]),
			})
		}
		s.load.Progress.Add(len(part))
	}
	return nil
}

func (s *signScenario) worker() worker {
	s.workers++
	return &signWorker{s: s, next: s.workers * 61, kept: sampler{every: s.load.DLEQ}}
}

func (s *signScenario) floor(f Floor) time.Duration {
	if s.cfg.Verify {
		return f.Operation(s.cfg.Messages, 0)
	}
	return f.Operation(0, s.cfg.Messages)
}

func (s *signScenario) describe(r *Report) {
	r.Scenario = "sign"
	if s.cfg.Verify {
		r.Scenario = "verify"
	}
	r.Target, r.Keyset, r.Unit = s.cfg.Connect, s.keyset.ID.String(), string(s.keyset.Unit)
	r.Server = shorten(s.keyset.IssuerVersion)
	r.Shape["messages"] = s.cfg.Messages
	r.Notes = append(r.Notes, fmt.Sprintf("%.1f messages per second over one connection", r.PerSecond*float64(s.cfg.Messages)))
}

type signWorker struct {
	s    *signScenario
	next int
	kept sampler
}

func (w *signWorker) open(context.Context) error { return nil }
func (w *signWorker) close()                     {}
func (w *signWorker) sampler() *sampler          { return &w.kept }

func (w *signWorker) operate(ctx context.Context) (time.Duration, error) {
	n := w.s.cfg.Messages
	from := w.next % (len(w.s.messages) - n + 1)
	w.next = from + n
	if w.s.cfg.Verify {
		start := time.Now()
		err := w.s.client.VerifyProofs(ctx, w.s.proofs[from:from+n])
		return time.Since(start), signatoryFault(err)
	}
	messages := w.s.messages[from : from+n]
	start := time.Now()
	signed, err := w.s.client.BlindSign(ctx, messages)
	took := time.Since(start)
	if err != nil {
		return took, signatoryFault(err)
	}
	for i, sig := range signed {
		key, _ := w.s.keyset.Keys.Get(sig.Amount)
		if w.kept.due(sig.DLEQ != nil) {
			w.kept.kept = append(w.kept.kept, sample{key, messages[i].B, func() (cashu.BlindSignature, error) { return sig, nil }})
		}
	}
	return took, nil
}

func signatoryFault(err error) error {
	var refused *cashu.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		return &fault{kind: kindRefused, code: fmt.Sprint(int(refused.Code)), detail: shorten(refused.Detail)}
	case errors.Is(err, signatory.ErrBadAnswer):
		return wrong(kindSignature, "%s", shorten(err.Error()))
	case errors.Is(err, signatory.ErrUnavailable):
		return &fault{kind: "unavailable", detail: shorten(err.Error())}
	case errors.Is(err, signatory.ErrRefused):
		return &fault{kind: kindRefused, code: "none", detail: shorten(err.Error())}
	}
	return err
}
