package wallet

import (
	"fmt"
	"time"

	"mintmark/cashu"
	"mintmark/wallet/mintclient"
)

// Mint is a mint as the wallet last saw it.
type Mint struct {
	KnownMint
	Info    mintclient.Info
	Keysets []cashu.Keyset

	byID map[cashu.KeysetID]cashu.Keyset
}

// Keyset finds a keyset that the mint ever had.
func (m Mint) Keyset(id cashu.KeysetID) (cashu.Keyset, bool) {
	k, ok := m.byID[id]
	return k, ok
}

// KeysetIDs lists all, for reading tokens.
func (m Mint) KeysetIDs() []cashu.KeysetID {
	ids := make([]cashu.KeysetID, len(m.Keysets))
	for i, k := range m.Keysets {
		ids[i] = k.ID
	}
	return ids
}

// active is the keyset to make new coins with: of those that are active and will
// not expire within a day, the one with the lowest fee, then the one that lives
// longest.
func (m Mint) active(unit cashu.Unit, now time.Time) (cashu.Keyset, error) {
	var best *cashu.Keyset
	for i, k := range m.Keysets {
		soon := k.FinalExpiry != 0 && k.FinalExpiry < uint64(now.Add(24*time.Hour).Unix())
		if !k.Active || k.Unit != unit || soon {
			continue
		}
		if best == nil || better(k, *best) {
			best = &m.Keysets[i]
		}
	}
	if best == nil {
		return cashu.Keyset{}, fmt.Errorf("the mint %s has no active keyset for %s", m.URL, unit)
	}
	return *best, nil
}

func better(a, b cashu.Keyset) bool {
	if a.InputFeePPK != b.InputFeePPK {
		return a.InputFeePPK < b.InputFeePPK
	}
	return a.FinalExpiry-1 > b.FinalExpiry-1 // 0 is for ever, and wraps around
}

// maxFeePPK is a fee for one coin that no mint can mean.
const maxFeePPK = 1 << 40

// fee is what the mint takes for spending coins (NUT-02).
func (m Mint) fee(ids ...cashu.KeysetID) (cashu.Amount, error) {
	var ppk uint64
	for _, id := range ids {
		k, ok := m.byID[id]
		if !ok {
			return 0, cashu.Errorf(cashu.CodeKeysetUnknown, "keyset %v is not known", id)
		}
		if k.InputFeePPK > maxFeePPK {
			return 0, fmt.Errorf("the fee of keyset %v is out of all reason", id)
		}
		ppk += k.InputFeePPK
	}
	return cashu.InputFee(ppk), nil
}

// feeLater is what spending coins will cost that are made now.
func (m Mint) feeLater(k cashu.Keyset, wants []want) (cashu.Amount, error) {
	ids := make([]cashu.KeysetID, len(wants))
	for i := range ids {
		ids[i] = k.ID
	}
	return m.fee(ids...)
}

func newMint(known KnownMint, keysets []cashu.Keyset) (Mint, error) {
	m := Mint{KnownMint: known, Keysets: keysets, byID: make(map[cashu.KeysetID]cashu.Keyset, len(keysets))}
	for _, k := range keysets {
		m.byID[k.ID] = k
	}
	if len(known.Info) == 0 {
		return m, nil
	}
	var err error
	m.Info, err = mintclient.ParseInfo(known.Info)
	return m, err
}
