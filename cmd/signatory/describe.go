package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mintmark/cashu"
)

const never = "never"

func describeFee(ppk uint64, unit cashu.Unit) string {
	if ppk == 0 {
		return "none"
	}
	return fmt.Sprintf("%d ppk (%s %s per input)", ppk, thousandths(ppk), unit)
}

// thousandths writes n/1000 without superfluous zeros.
func thousandths(n uint64) string {
	s := fmt.Sprintf("%d.%03d", n/1000, n%1000)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// describeAmounts is short for what is usual, and complete for what is not.
func describeAmounts(amounts []cashu.Amount) string {
	usual, err := powersOfTwo(uint64(len(amounts)))
	switch {
	case len(amounts) == 1:
		return fmt.Sprintf("1 denomination, %d", amounts[0])
	case err == nil && slices.Equal(amounts, usual):
		return fmt.Sprintf("%d denominations, 1 to %d", len(amounts), amounts[len(amounts)-1])
	}
	texts := make([]string, len(amounts))
	for i, a := range amounts {
		texts[i] = strconv.FormatUint(uint64(a), 10)
	}
	return fmt.Sprintf("%d denominations: %s", len(amounts), strings.Join(texts, ","))
}

func describeExpiry(unix uint64) string {
	if unix == 0 {
		return never
	}
	return time.Unix(int64(unix), 0).UTC().Format(time.RFC3339)
}

// describeVersion counts as people do: the ids that begin with 00 are version 1.
func describeVersion(v cashu.KeysetVersion) string { return strconv.Itoa(int(v) + 1) }
