package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"mintmark/cashu"
	"mintmark/mint"
)

// report takes down what is wrong with a key.
type report func(key, format string, args ...any)

// expect makes room, with the default settings, for the backends that a file names.
func (l *Lightning) expect(text []byte) error {
	var names struct {
		Lightning struct {
			Backends map[string]any `toml:"backends"`
		} `toml:"lightning"`
	}
	if toml.Unmarshal(text, &names) != nil {
		return nil // the file will be read again, and then somebody says where it is wrong
	}
	for name := range names.Lightning.Backends {
		if l.Backends == nil {
			l.Backends = map[string]*Backend{}
			l.Backend = "" // unless the file says both
		}
		l.Backends[name] = &Backend{Use: defaultUse(), Nodes: defaultNodes()}
	}
	return nil
}

func (l Lightning) validate(wrong report) {
	if _, known := l.network(); !known {
		wrong("lightning.network", "%q is not mainnet, testnet, signet or regtest", l.Network)
	}
	if len(l.Backends) > 0 && l.Backend != "" {
		wrong("lightning.backend", "%q cannot be beside lightning.backends: make it one of them", l.Backend)
	}
	for _, b := range l.all() {
		b.validate(wrong, len(l.Backends) > 0)
	}
	l.validateUse(wrong)
	if err := mint.CheckTerms(l.terms()); err != nil {
		wrong("lightning.terms", "%v", err)
	}
	l.validatePlayMoney(wrong)
}

func (b named) validate(wrong report, several bool) {
	typeKey := b.key + ".type"
	if !several {
		typeKey = "lightning.backend"
	}
	if several && !isBackendName(b.name) {
		wrong(b.key, "%q is not a name of a-z, 0-9, - and _, at most 32 long", b.name)
	}
	if several && (len(b.Methods) == 0 || len(b.Units) == 0) {
		wrong(b.key+".methods", "each of several backends must say its methods and its units")
	}
	for i, unit := range b.Units {
		if u, err := cashu.ParseUnit(unit); err != nil || u == cashu.UnitAuth {
			wrong(b.key+".units", "%q is not a unit of money", unit)
		}
		if slices.Contains(b.Units[:i], unit) {
			wrong(b.key+".units", "%q is there twice", unit)
		}
	}
	for i, method := range b.Methods {
		if method == "" || slices.Contains(b.Methods[:i], method) {
			wrong(b.key+".methods", "%q is empty or there twice", method)
		}
	}
	if !b.Mint && !b.Melt && !several {
		wrong(b.key+".mint", "neither mint nor melt: the backend is used for nothing")
	}
	types := backendTypes()
	t, known := types[b.Type]
	if !known {
		names := slices.Sorted(maps.Keys(types))
		wrong(typeKey, "%q is not a backend; there is %s", b.Type, strings.Join(names, ", "))
		return
	}
	t.validate(b, func(key, format string, args ...any) { wrong(b.key+"."+b.Type+"."+key, format, args...) })
}

// validateUse refuses two backends for one method and unit in one direction.
func (l Lightning) validateUse(wrong report) {
	taken := map[string]string{}
	for _, b := range l.all() {
		for _, method := range b.Methods {
			for _, unit := range b.units() {
				for way, used := range map[string]bool{"mint": b.Mint, "melt": b.Melt} {
					key := way + " " + method + " " + string(unit)
					if other, double := taken[key]; used && double {
						wrong(b.key, "%q and %q are both for method %s and unit %s: say %s = false in one of them", other, b.name, method, unit, way)
					} else if used {
						taken[key] = b.name
					}
				}
			}
		}
	}
}

// validatePlayMoney refuses an invented node beside another one in the same unit: its
// ecash could be paid out by the other.
func (l Lightning) validatePlayMoney(wrong report) {
	fake := map[cashu.Unit]string{}
	for _, b := range l.all() {
		for _, unit := range b.units() {
			if b.Type == fakeType {
				fake[unit] = b.name
			}
		}
	}
	for _, b := range l.all() {
		for _, unit := range b.units() {
			if name, play := fake[unit]; play && b.Type != fakeType && !l.PlayMoney {
				wrong(b.key, "unit %s would be play money of %q and money of %q at once; nothing in the same unit may be fake", unit, name, b.name)
			}
		}
	}
}

// isBackendName tells whether a backend can be called so.
func isBackendName(name string) bool {
	return name != "" && len(name) <= 32 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

func (f Fake) validate(b named, wrong report) {
	if len(f.Methods) == 0 && len(b.Methods) == 0 {
		wrong("methods", "is empty")
	}
	if len(f.Units) == 0 && len(b.Units) == 0 {
		wrong("units", "is empty")
	}
	for _, unit := range f.Units {
		if u, err := cashu.ParseUnit(unit); err != nil || u == cashu.UnitAuth {
			wrong("units", "%q is not a unit of money", unit)
		}
	}
	if f.Confirmations < 1 || f.Confirmations > 100 {
		wrong("confirmations", "must be between 1 and 100")
	}
	if f.OpenAmount < 1 || f.OpenAmount > maxAmountLimit {
		wrong("open_amount", "must be between 1 and %d", uint64(maxAmountLimit))
	}
	if f.MaxAmount != 0 && f.MinAmount > f.MaxAmount {
		wrong("min_amount", "is more than max_amount")
	}
	if f.MinAmount > maxAmountLimit || f.MaxAmount > maxAmountLimit {
		wrong("max_amount", "amounts end at %d", uint64(maxAmountLimit))
	}
	if f.FeePPM > 1_000_000 {
		wrong("fee_ppm", "is more than the whole, 1000000")
	}
	if f.FeeReserveMin > maxAmountLimit || f.PaymentFee > maxAmountLimit {
		wrong("fee_reserve_min", "amounts end at %d", uint64(maxAmountLimit))
	}
	for key, d := range map[string]Duration{"incoming_delay": f.IncomingDelay, "block_time": f.BlockTime, "outgoing_delay": f.OutgoingDelay} {
		if d < 0 {
			wrong(key, "must not be negative")
		}
	}
}

// String names it for people.
func (b named) String() string { return fmt.Sprintf("%s (%s)", b.name, b.Type) }
