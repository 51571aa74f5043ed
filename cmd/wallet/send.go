package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/conditions"
	"mintmark/cashu/token"
	"mintmark/wallet"
)

type sendFlags struct {
	memo       string
	includeFee bool
	v3, qr     bool
	wait       bool
	tolerance  string
	lock       lockFlags
}

func (p program) sendCommand(g *globals) *cobra.Command {
	var f sendFlags
	cmd := &cobra.Command{
		Use:   "send AMOUNT",
		Short: "Make a token to hand over",
		Long: `send makes a token: text that is worth the amount to whoever has it. Until it is
received, "wallet pending" shows it and can take it back.

A token can be locked: to a public key ("wallet keys new" of the receiver shows
one), or to a hash whose preimage opens it. A locked token cannot be taken back;
with --locktime it is open to --refund, or to anybody, from then on. With --blinded
the mint does not see whose keys they are (NUT-28, P2BK); wallets that cannot do that
will not open the token.

With --wait it ends when the receiver has taken the token; Ctrl-C ends only the
waiting. With --offline no mint is asked; then the coins at hand must fit, or with
--tolerance come to no more than that above the amount.`,
		Example: "  wallet send 21\n  wallet send 21 --lock-to 02… --locktime 48h --refund 03…",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			lock, err := f.lock.lock(cmd, p.clock())
			if err != nil {
				return err
			}
			if f.tolerance != "" && (!g.offline || f.includeFee || lock != nil) {
				return usagef(cmd, "--tolerance goes with --offline, and with no lock or --include-fee")
			}
			return p.move(cmd, g, func(ctx context.Context, s *session) error { return s.send(ctx, given[0], f, lock) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.memo, "memo", "", "`text` for the receiver")
	flags.BoolVar(&f.includeFee, "include-fee", false, "add what the receiver pays the mint to redeem the token")
	flags.BoolVar(&f.v3, "v3", false, "write the token in the older form, cashuA…")
	flags.BoolVar(&f.qr, "qr", false, "show the token as a QR code, also where there is no terminal")
	flags.BoolVar(&f.wait, "wait", false, "wait until the receiver has taken the token")
	flags.StringVar(&f.tolerance, "tolerance", "", "with --offline, send up to this `amount` more where no coins fit; asks first")
	f.lock.add(flags)
	return cmd
}

// lockFlags are a spending condition.
type lockFlags struct {
	to, hash, locktime string
	refund, signers    []string
	needed, refunds    int
	blinded, sigAll    bool
}

func (f *lockFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.to, "lock-to", "", "only the owner of this public `key` can receive it")
	flags.StringVar(&f.hash, "hash", "", "only who knows the preimage of this SHA-256 `hash` can receive it")
	flags.StringVar(&f.locktime, "locktime", "", "`when` the lock ends: 48h, 2027-01-31T12:00:00Z or unix seconds")
	flags.StringArrayVar(&f.refund, "refund", nil, "public `key` that can take it after --locktime; may be repeated")
	flags.StringArrayVar(&f.signers, "signer", nil, "further public `key` that may sign, with --hash must; may be repeated")
	flags.BoolVar(&f.blinded, "blinded", false, "hide from the mint whose keys the lock has")
	flags.IntVar(&f.needed, "signatures", 0, "`number` of keys that must sign (default 1)")
	flags.IntVar(&f.refunds, "refund-signatures", 0, "`number` of --refund keys that must sign (default 1)")
	flags.BoolVar(&f.sigAll, "sig-all", false, "have signatures cover the whole request of the receiver (SIG_ALL)")
}

// given is the condition as it was asked for.
func (f *lockFlags) given() []any {
	return []any{f.to, f.hash, f.locktime, f.refund, f.signers, f.needed, f.blinded, f.refunds, f.sigAll}
}

func (f *lockFlags) lock(cmd *cobra.Command, now time.Time) (*conditions.Lock, error) {
	if f.to == "" && f.hash == "" {
		if f.locktime != "" || len(f.refund)+len(f.signers) > 0 || f.needed != 0 || f.refunds != 0 || f.blinded || f.sigAll {
			return nil, usagef(cmd, "a lock needs --lock-to or --hash")
		}
		return nil, nil
	}
	if f.to != "" && f.hash != "" {
		return nil, usagef(cmd, "--lock-to and --hash exclude each other; with --hash a --signer must sign besides")
	}
	if f.locktime == "" && len(f.refund) > 0 {
		return nil, usagef(cmd, "--refund needs --locktime")
	}
	if f.refunds != 0 && len(f.refund) == 0 {
		return nil, usagef(cmd, "--refund-signatures needs --refund")
	}
	if f.needed < 0 || f.refunds < 0 {
		return nil, usagef(cmd, "a number of signatures cannot be negative")
	}
	lock := &conditions.Lock{NSigs: f.needed, NSigsRefund: f.refunds, SigAll: f.sigAll}
	var err error
	if f.to != "" {
		if lock.Key, err = bdhke.ParsePointHex(f.to); err != nil {
			return nil, usagef(cmd, "--lock-to is not a public key")
		}
	} else if lock.Hash, err = parse32(f.hash); err != nil {
		return nil, usagef(cmd, "--hash %w", err)
	}
	if lock.Pubkeys, err = bdhke.ParsePointsHex(f.signers); err != nil {
		return nil, usagef(cmd, "--signer is not a public key")
	}
	if lock.Refund, err = bdhke.ParsePointsHex(f.refund); err != nil {
		return nil, usagef(cmd, "--refund is not a public key")
	}
	if most := conditions.MaxSlots; f.blinded && 1+len(lock.Pubkeys)+len(lock.Refund) > most {
		return nil, usagef(cmd, "--blinded: %w, %d are possible, and a hash takes one place", conditions.ErrTooManySlots, most)
	}
	if f.locktime != "" {
		if lock.Locktime, err = parseMoment(f.locktime, now); err != nil {
			return nil, usagef(cmd, "--locktime %w", err)
		}
		if lock.Locktime <= uint64(now.Unix()) {
			return nil, usagef(cmd, "--locktime has passed already: the lock would be none")
		}
	}
	// What no mint could open is found here, before anything is set aside.
	if _, err := lock.Secret(nil); err != nil {
		return nil, usagef(cmd, "%w", err)
	}
	return lock, nil
}

func parse32(text string) ([32]byte, error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != 32 {
		return [32]byte{}, errors.New("is not 64 hexadecimal characters")
	}
	return [32]byte(b), nil
}

// parseMoment reads a duration from now, a time, or unix seconds.
func parseMoment(text string, now time.Time) (uint64, error) {
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return uint64(now.Add(d).Unix()), nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return uint64(t.Unix()), nil
	}
	if n, err := strconv.ParseUint(text, 10, 63); err == nil && n > 0 {
		return n, nil
	}
	return 0, errors.New("is no moment")
}

type sentJSON struct {
	Operation string       `json:"operation"`
	Token     string       `json:"token"`
	Mint      string       `json:"mint"`
	Unit      string       `json:"unit"`
	Amount    cashu.Amount `json:"amount"`
	Fee       cashu.Amount `json:"fee"`
}

func (s *session) send(ctx context.Context, text string, f sendFlags, lock *conditions.Lock) error {
	amount, unit, err := s.amount(text)
	if err != nil {
		return err
	}
	asked, err := s.asked(ctx, "send", amount, unit, f.memo, f.includeFee, f.tolerance, f.lock.given())
	if err != nil {
		return err
	}
	id, repeated, err := s.repeated(ctx, asked, wallet.KindSend)
	if err != nil {
		return err
	}
	o := wallet.SendOptions{
		Amount: amount, Memo: f.memo, IncludeFee: f.includeFee, Lock: lock, Blind: f.lock.blinded, Offline: s.offline, Key: s.op, Args: asked,
	}
	mintURL := ""
	switch { // repeated, the token is there, whatever is left
	case repeated && f.tolerance != "":
		o.Amount = s.sentThen(ctx, id, amount)
	case !repeated && s.offline && lock == nil && !f.includeFee:
		mintURL, o.Amount, err = s.offlineSend(ctx, unit, amount, f.tolerance)
	case !repeated:
		mintURL, err = s.payingMint(ctx, unit, o, anyMint)
	}
	if err != nil {
		return err
	}
	sent, err := s.wallet.Send(ctx, mintURL, unit, o)
	if err != nil {
		return err
	}
	if err := s.tellSent(sent, unit, f); err != nil || !f.wait {
		return err
	}
	return s.awaitReceiver(ctx, sent.ID, unit)
}

// awaitReceiver waits until a token was taken.
func (s *session) awaitReceiver(ctx context.Context, id uuid.UUID, unit cashu.Unit) error {
	status, err := s.wallet.AwaitSend(ctx, id, s.await())
	if ctx.Err() != nil {
		err = hint(fmt.Errorf("%w: operation %s", errNotReceived, id), `"wallet pending" shows the token and can take it back`)
	}
	if err != nil {
		return err
	}
	return s.show(checkedJSON{id.String(), unit.String(), status.Claimed, status.Unclaimed}, func(w io.Writer) {
		line(w, "The receiver has taken %s.", formatAmount(status.Claimed, unit))
	})
}

func (s *session) tellSent(sent wallet.Sent, unit cashu.Unit, f sendFlags) error {
	t, err := token.Parse(sent.Token)
	if err != nil {
		return fmt.Errorf("reading the token that was made: %w", err)
	}
	if f.v3 {
		if sent.Token, err = t.EncodeV3(); err != nil {
			return err
		}
	}
	v := sentJSON{sent.ID.String(), sent.Token, t.Mint, unit.String(), sent.Amount, sent.Fee}
	if err := s.show(v, func(w io.Writer) { line(w, "%s", sent.Token) }); err != nil {
		return err
	}
	s.showQR(sent.Token, f.qr)
	if !s.json {
		back := fmt.Sprintf(`"wallet pending revoke %s" takes it back.`, sent.ID)
		if sent.Locked {
			back = "It is locked, so it cannot be taken back."
		}
		s.say("A token over %s; making it has cost %s. %s", formatAmount(sent.Amount, unit), formatAmount(sent.Fee, unit), back)
	}
	return nil
}
