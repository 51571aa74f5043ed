package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"mintmark/cashu"
	"mintmark/signatory"
	"mintmark/signatory/internal/budget"
	"mintmark/signatory/internal/wire"
)

const (
	// maxGrace is longer than any payment can be under way.
	maxGrace = 90 * 24 * time.Hour
	// openGrace is the grace where there is no clients file, and so no limit to
	// anything: as long as a Lightning payment can be held.
	openGrace = 14 * 24 * time.Hour
)

// ChangePolicy is how far a client may have retired keysets sign, for the change of
// melts that were accepted before (NUT-08).
type ChangePolicy struct {
	// Grace is the time after the retirement.
	Grace time.Duration
	// Limit bounds what each retired keyset signs in it. It is a budget of its
	// own: what it allows is not counted anywhere else.
	Limit budget.Use
}

// changeTOML is the policy for one unit. Nothing may be left out: what old keysets
// sign is money that nobody expects any more.
type changeTOML struct {
	Unit       string `toml:"unit"`
	Grace      string `toml:"grace"`
	Value      uint64 `toml:"value"`
	Signatures uint64 `toml:"signatures"`
}

func (c *Client) addChange(in changeTOML) error {
	unit, err := cashu.ParseUnit(in.Unit)
	if err != nil {
		return fmt.Errorf("a melt_change is for the unit %q, which is none", in.Unit)
	}
	if _, twice := c.Changes[unit]; twice {
		return fmt.Errorf("there are two melt_change for %s", unit)
	}
	var problems []error
	grace, err := time.ParseDuration(in.Grace)
	if err != nil || grace <= 0 || grace > maxGrace {
		problems = append(problems, fmt.Errorf("the grace of melt_change for %s is %q and must be a duration like 72h, at most %.0fh", unit, in.Grace, maxGrace.Hours()))
	}
	if in.Value == 0 || in.Signatures == 0 {
		problems = append(problems, fmt.Errorf("melt_change for %s must say a value and a number of signatures", unit))
	}
	if c.Changes == nil {
		c.Changes = map[cashu.Unit]ChangePolicy{}
	}
	c.Changes[unit] = ChangePolicy{grace, budget.Use{Value: cashu.Amount(in.Value), Count: in.Signatures}}
	return errors.Join(problems...)
}

// change is the policy for a unit, if there is one.
func (c *Client) change(unit cashu.Unit) (ChangePolicy, bool) {
	p, ok := c.Changes[unit]
	if !ok && c.anyChange > 0 {
		return ChangePolicy{Grace: c.anyChange}, true
	}
	return p, ok
}

// changeAccount is where its use is counted: a name that no client can have.
func (c *Client) changeAccount() string { return c.Name + "/" + string(signatory.MeltChange) }

func (c *Client) changeLimits() map[cashu.Unit]budget.Limits {
	if c.Changes == nil {
		return nil
	}
	limits := make(map[cashu.Unit]budget.Limits, len(c.Changes))
	for unit, p := range c.Changes {
		limits[unit] = budget.Limits{Keyset: p.Limit}
	}
	return limits
}

// purposeOf reads what a call is for. What we do not know we do not guess.
func purposeOf(ctx context.Context) (signatory.Purpose, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	switch sent := md.Get(wire.PurposeHeader); {
	case len(sent) == 0:
		return "", nil
	case len(sent) == 1 && sent[0] == wire.PurposeMeltChange:
		return signatory.MeltChange, nil
	}
	return "", status.Errorf(codes.InvalidArgument, "the only %s is %s", wire.PurposeHeader, wire.PurposeMeltChange)
}
