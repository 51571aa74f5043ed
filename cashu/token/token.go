package token

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"mintmark/cashu"
)

// Limits of what is read: a token is pasted by a person.
const (
	maxText  = 4 << 20 // bytes
	maxCoins = 10000
)

// Token is coins of one mint and one unit, with a word from their sender.
type Token struct {
	Mint string // without a slash at the end
	Unit cashu.Unit
	Memo string

	groups []group
}

// group is coins of one keyset. Their ID is empty until it is resolved: a token
// may carry the first 8 bytes of a long id only.
type group struct {
	id    []byte
	coins []Coin
}

// New makes a token of coins.
func New(mintURL string, unit cashu.Unit, memo string, coins []Coin) (Token, error) {
	t := Token{Mint: strings.TrimRight(mintURL, "/"), Unit: unit, Memo: memo}
	at := map[cashu.KeysetID]int{}
	for _, c := range coins {
		i, ok := at[c.ID]
		if !ok {
			i = len(t.groups)
			at[c.ID] = i
			t.groups = append(t.groups, group{id: c.ID.Bytes()})
		}
		c.ID = cashu.KeysetID{}
		t.groups[i].coins = append(t.groups[i].coins, c)
	}
	return t, t.check()
}

// check refuses what no receiver could use.
func (t Token) check() error {
	if t.Mint == "" || t.Unit == "" {
		return errors.New("a token needs a mint and a unit")
	}
	secrets, sum := map[string]bool{}, cashu.Amount(0)
	for _, g := range t.groups {
		if len(g.id) != 8 && len(g.id) != 33 {
			return cashu.Errorf(cashu.CodeKeysetUnknown, "a token has a keyset id of %d bytes", len(g.id))
		}
		for _, c := range g.coins {
			if c.Amount == 0 || c.C.IsZero() {
				return errors.New("a token has a coin of nothing")
			}
			if secrets[c.Secret] {
				return errors.New("a token has a coin twice")
			}
			secrets[c.Secret] = true
			var err error
			if sum, err = sum.Add(c.Amount); err != nil {
				return err
			}
		}
	}
	switch {
	case len(secrets) == 0:
		return errors.New("a token has no coins")
	case len(secrets) > maxCoins:
		return fmt.Errorf("a token of %d coins is more than the %d that are read", len(secrets), maxCoins)
	}
	return nil
}

// Len counts the coins.
func (t Token) Len() (n int) {
	for _, g := range t.groups {
		n += len(g.coins)
	}
	return n
}

// Amount adds the coins up.
func (t Token) Amount() (cashu.Amount, error) {
	var sum cashu.Amount
	for _, g := range t.groups {
		for _, c := range g.coins {
			var err error
			if sum, err = sum.Add(c.Amount); err != nil {
				return 0, err
			}
		}
	}
	return sum, nil
}

// Coins gives the coins with their keysets, found among those that are known of
// the mint. ErrKeysetUnknown if one is missing: the caller asks the mint once.
// A short id that fits several is an error: guessing could pay the wrong coin.
func (t Token) Coins(known []cashu.KeysetID) ([]Coin, error) {
	coins := make([]Coin, 0, t.Len())
	for _, g := range t.groups {
		id, err := resolve(g.id, known)
		if err != nil {
			return nil, err
		}
		for _, c := range g.coins {
			c.ID = id
			coins = append(coins, c)
		}
	}
	return coins, nil
}

// Unchecked gives the coins for looking at them: those of a short id that is not
// among the known ones have no keyset.
func (t Token) Unchecked(known []cashu.KeysetID) []Coin {
	coins := make([]Coin, 0, t.Len())
	for _, g := range t.groups {
		id, err := resolve(g.id, known)
		if err != nil {
			id, _ = cashu.KeysetIDFromBytes(g.id)
		}
		for _, c := range g.coins {
			c.ID = id
			coins = append(coins, c)
		}
	}
	return coins
}

func resolve(short []byte, known []cashu.KeysetID) (cashu.KeysetID, error) {
	var found cashu.KeysetID
	for _, id := range known {
		full := id.Bytes()
		if !slices.Equal(full, short) && !(len(short) == 8 && len(full) == 33 && slices.Equal(full[:8], short)) {
			continue
		}
		if !found.IsZero() && found != id {
			return cashu.KeysetID{}, cashu.Errorf(cashu.CodeKeysetUnknown, "a short keyset id %x fits several keysets", short)
		}
		found = id
	}
	if found.IsZero() {
		return found, cashu.Errorf(cashu.CodeKeysetUnknown, "keyset %x is not known", short)
	}
	return found, nil
}

// Format shows what everybody may see of a token, under every verb.
func (t Token) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "token of %d coins of %s [redacted]", t.Len(), t.Mint)
}

// LogValue shows the same.
func (t Token) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(t)) }
