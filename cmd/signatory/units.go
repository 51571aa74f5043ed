package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"mintmark/cashu"
	"mintmark/keystore"
)

// maxOrder is the largest order: 2^63 is the largest amount.
const maxOrder = 64

// powersOfTwo are the first n of them: 1, 2, 4…
func powersOfTwo(n uint64) ([]cashu.Amount, error) {
	if n < 1 || n > maxOrder {
		return nil, fmt.Errorf("%d is not a number of denominations from 1 to %d", n, maxOrder)
	}
	amounts := make([]cashu.Amount, n)
	for i := range amounts {
		amounts[i] = 1 << i
	}
	return amounts, nil
}

// parseUnits reads the values of --unit, and refuses what the keystore would
// refuse later, before anything is made.
func parseUnits(texts []string, version cashu.KeysetVersion, now time.Time) ([]keystore.RotateParams, error) {
	all := make([]keystore.RotateParams, 0, len(texts))
	seen := map[cashu.Unit]bool{}
	for _, text := range texts {
		p, err := parseUnit(text)
		if err != nil {
			return nil, fmt.Errorf("--unit %s: %w", text, err)
		}
		if seen[p.Unit] {
			return nil, fmt.Errorf("--unit %s: the unit is there twice", text)
		}
		seen[p.Unit] = true
		p.IDVersion = &version
		if _, err := keystore.PlanRotation(nil, p, now); err != nil {
			return nil, fmt.Errorf("--unit %s: %w", text, err)
		}
		all = append(all, p)
	}
	return all, nil
}

func parseUnit(text string) (keystore.RotateParams, error) {
	parts := strings.Split(text, ",")
	if len(parts) != 3 {
		return keystore.RotateParams{}, fmt.Errorf("it must be NAME,FEE_PPK,MAX_ORDER, for example sat,0,32")
	}
	unit, err := cashu.ParseUnit(parts[0])
	if err != nil {
		return keystore.RotateParams{}, fmt.Errorf("%q is not a unit", parts[0])
	}
	fee, err := strconv.ParseUint(strings.TrimSpace(parts[1]), 10, 64)
	if err != nil {
		return keystore.RotateParams{}, fmt.Errorf("the fee %q is not a number", parts[1])
	}
	order, err := strconv.ParseUint(strings.TrimSpace(parts[2]), 10, 64)
	if err != nil {
		return keystore.RotateParams{}, fmt.Errorf("the order %q is not a number", parts[2])
	}
	amounts, err := powersOfTwo(order)
	if err != nil {
		return keystore.RotateParams{}, err
	}
	return keystore.RotateParams{Unit: unit, InputFeePPK: &fee, Amounts: amounts}, nil
}

// idVersionUsage describes --id-version, which parseIDVersion reads.
const idVersionUsage = "`version` of the keyset id: 2, or 1 for very old wallets"

func parseIDVersion(n uint8) (cashu.KeysetVersion, error) {
	if n != 1 && n != 2 {
		return 0, fmt.Errorf("--id-version must be 1 or 2")
	}
	return cashu.KeysetVersion(n - 1), nil
}

// parseAmounts reads the value of --amounts: numbers with commas.
func parseAmounts(text string) ([]cashu.Amount, error) {
	var amounts []cashu.Amount
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.ParseUint(strings.TrimSpace(part), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not an amount", part)
		}
		amounts = append(amounts, cashu.Amount(n))
	}
	return amounts, nil
}

// parseExpiry reads a moment: unix seconds, RFC 3339, or a duration from now.
func parseExpiry(text string, now time.Time) (uint64, error) {
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return n, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		d, err := time.ParseDuration(text)
		if err != nil {
			return 0, fmt.Errorf("%q is neither unix seconds, nor a time like 2030-01-31T00:00:00Z, nor a duration like 8760h", text)
		}
		at = now.Add(d)
	}
	if at.Unix() <= now.Unix() {
		return 0, fmt.Errorf("%s is in the past", at.UTC().Format(time.RFC3339))
	}
	return uint64(at.Unix()), nil
}
