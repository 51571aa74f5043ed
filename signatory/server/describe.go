package server

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"mintmark/signatory/internal/budget"
)

// Describe writes who may do what, for the operator, as it is in force: with
// every default and every call.
func (c *Clients) Describe() string {
	var b strings.Builder
	for i, one := range c.list {
		if i > 0 {
			b.WriteString("\n")
		}
		one.describe(&b)
	}
	return b.String()
}

func (c *Client) describe(b *strings.Builder) {
	fmt.Fprintf(b, "%s\n  roles    %s\n", c.Name, c.Roles)
	for _, p := range c.pins {
		fmt.Fprintf(b, "  is       spki %s\n", p)
	}
	for _, name := range c.names {
		fmt.Fprintf(b, "  is       san %s\n", name)
	}
	for _, uid := range c.uids {
		fmt.Fprintf(b, "  is       uid %d on the unix socket\n", uid)
	}
	for _, gid := range c.gids {
		fmt.Fprintf(b, "  is       gid %d on the unix socket\n", gid)
	}
	if c.Roles.Any(Mint) {
		fmt.Fprintf(b, "  at most  %d items in a call, %d under way\n", c.maxItems(), c.maxInFlight())
	}
	for _, unit := range slices.Sorted(maps.Keys(c.Budgets)) {
		l := c.Budgets[unit]
		fmt.Fprintf(b, "  budget   %s: an hour %s, a day %s, a keyset %s\n", unit, describeUse(l.Hour), describeUse(l.Day), describeUse(l.Keyset))
	}
	for _, unit := range slices.Sorted(maps.Keys(c.Changes)) {
		p := c.Changes[unit]
		fmt.Fprintf(b, "  change   %s: until %s after a keyset was retired, %s of each\n", unit, p.Grace, describeUse(p.Limit))
	}
	table := access()
	var may []string
	for _, method := range slices.Sorted(maps.Keys(table)) {
		if name := path.Base(method); c.Roles.Any(table[method]) && !strings.HasPrefix(method, "/grpc.health.") {
			if name == "RotateKeyset" && !c.Roles.Any(Rotator) {
				if c.Rotate == RotateDeny {
					continue
				}
				name += " (" + c.Rotate.String() + ")"
			}
			may = append(may, name)
		}
	}
	fmt.Fprintf(b, "  may call %s\n", strings.Join(append(may, "health"), ", "))
}

func describeUse(u budget.Use) string {
	switch {
	case u == budget.Use{}:
		return "without limit"
	case u.Count == 0:
		return fmt.Sprintf("value %d", u.Value)
	case u.Value == 0:
		return fmt.Sprintf("%d signatures", u.Count)
	}
	return fmt.Sprintf("value %d in %d signatures", u.Value, u.Count)
}
