package wallet

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"mintmark/bdhke"
	"mintmark/cashu/conditions"
	"mintmark/cashu/paymentrequest"
	"mintmark/cashu/token"
)

// requestedLock reads the condition that a payee asks for (NUT-10, NUT-11, NUT-14).
// What is not understood is refused: coins without it would not be what the payee
// wants.
func requestedLock(l *paymentrequest.Lock) (*conditions.Lock, error) {
	if l == nil {
		return nil, nil
	}
	lock := &conditions.Lock{}
	switch l.Kind {
	case conditions.KindP2PK:
		key, err := bdhke.ParsePointHex(l.Data)
		if err != nil {
			return nil, errors.New("the payment request names a key that is none")
		}
		lock.Key = key
	case conditions.KindHTLC:
		hash, err := hex.DecodeString(l.Data)
		if err != nil || len(hash) != 32 {
			return nil, errors.New("the payment request names a hash that is none")
		}
		lock.Hash = [32]byte(hash)
	default:
		return nil, fmt.Errorf("the payment request wants a lock of an unknown kind")
	}
	seen := map[string]bool{}
	for _, tag := range l.Tags {
		if len(tag) < 2 || slices.Contains(tag, "") || seen[tag[0]] {
			return nil, errors.New("the payment request wants a lock that makes no sense")
		}
		if err := lockTag(lock, seen, tag[0], tag[1:]); err != nil {
			return nil, err
		}
	}
	return lock, nil
}

// lockTag puts a tag where the lock has a place for it. The others go along.
func lockTag(lock *conditions.Lock, seen map[string]bool, name string, values []string) (err error) {
	bad := fmt.Errorf("the payment request wants a lock whose %s makes no sense", printableTag(name))
	number := func(into *int) error {
		n, err := strconv.ParseUint(values[0], 10, 16)
		if err != nil || len(values) != 1 || n == 0 {
			return bad
		}
		*into = int(n)
		return nil
	}
	keys := func(into *[]bdhke.Point) error {
		for _, v := range values {
			key, err := bdhke.ParsePointHex(v)
			if err != nil {
				return bad
			}
			*into = append(*into, key)
		}
		return nil
	}
	switch name {
	case "pubkeys":
		err = keys(&lock.Pubkeys)
	case "refund":
		err = keys(&lock.Refund)
	case "n_sigs":
		err = number(&lock.NSigs)
	case "n_sigs_refund":
		err = number(&lock.NSigsRefund)
	case "locktime":
		if lock.Locktime, err = strconv.ParseUint(values[0], 10, 64); err != nil || len(values) != 1 || lock.Locktime == 0 {
			err = bad
		}
	case "sigflag":
		lock.SigAll = values[0] == "SIG_ALL"
		if len(values) != 1 || !lock.SigAll && values[0] != "SIG_INPUTS" {
			err = bad
		}
	default:
		lock.Extra = append(lock.Extra, append([]string{name}, values...))
		return nil
	}
	seen[name] = true
	return err
}

// printableTag keeps a payee's words out of errors, except those that we know.
func printableTag(name string) string {
	if slices.Contains([]string{"pubkeys", "refund", "n_sigs", "n_sigs_refund", "locktime", "sigflag"}, name) {
		return name
	}
	return "tag"
}

// checkRequestedLock tells whether a coin is locked as it was asked for; not at all, if
// it was not: perhaps nobody here could open the lock.
func checkRequestedLock(l *paymentrequest.Lock, c token.Coin) error {
	lock, err := requestedLock(l)
	if err != nil {
		return err
	}
	if lock == nil {
		if _, locked := conditions.Kind(c.Secret); locked {
			return errors.New("a coin of the payment is locked, which was not asked for")
		}
		return nil
	}
	text, err := lock.Secret(nil)
	if err != nil {
		return err
	}
	want, err := conditions.Parse(text)
	if err != nil {
		return err
	}
	got, err := conditions.Parse(c.Secret)
	if err != nil || got == nil || got.Kind() != want.Kind() || got.SigAll() != want.SigAll() {
		return errors.New("a coin of the payment is not locked as it was asked for")
	}
	gotTime, _ := got.Locktime()
	wantTime, _ := want.Locktime()
	if got.Hash() != want.Hash() || !slices.Equal(got.Keys(), want.Keys()) || got.Needed() != want.Needed() ||
		gotTime != wantTime || !slices.Equal(got.RefundKeys(), want.RefundKeys()) || got.RefundNeeded() != want.RefundNeeded() {
		return errors.New("a coin of the payment is locked in another way than it was asked for")
	}
	return nil
}
