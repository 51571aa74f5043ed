package main

import (
	"maps"
	"slices"
	"strings"
	"time"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning/bolt11"
)

// Lightning says how money comes in and goes out: by the one backend that Backend
// names, or by several, each a table of its own in Backends.
type Lightning struct {
	// Backend is the way in and out, where there is one: "lnd"; "cln", a Core Lightning
	// node; "processor", a payment processor in another process; or "fake", which invents
	// its payments, so the ecash is worth nothing. Empty when there are Backends. Default
	// "fake".
	Backend string `toml:"backend"`
	// Network is the chain of all payments: "mainnet", "testnet", "signet" or
	// "regtest". A request of another one is refused. Default "mainnet".
	Network string `toml:"network"`
	// PlayMoney allows a fake backend beside another one in the same unit, or where there
	// was another one before. Everybody can then turn invented payments into real ones.
	// Only for tests.
	PlayMoney bool `toml:"play_money_beside_money"`
	// Backends are the ways in and out by a name of a-z, 0-9, - and _, where there are
	// several. The name must stay: it is kept with what was begun through it.
	Backends map[string]*Backend `toml:"backends"`

	// Terms are bounds, fee reserves and switches of methods and units. What `mintd
	// lightning` sets wins over them.
	Terms []Terms `toml:"terms"`

	Use
	Nodes
}

// Terms hold for a method, a unit, or both; for everything if it names none. Where
// several hold, off is off; of all the rest a method weighs more than a unit.
type Terms struct {
	Method string `toml:"method,omitempty"`
	Unit   string `toml:"unit,omitempty"`
	// Mint and Melt tell whether new quotes are made.
	Mint *bool `toml:"mint,omitempty"`
	Melt *bool `toml:"melt,omitempty"`
	// MinMint to MaxMelt bound one payment, within what the backend can. 0: as the
	// backend has it.
	MinMint *uint64 `toml:"min_mint,omitempty"`
	MaxMint *uint64 `toml:"max_mint,omitempty"`
	MinMelt *uint64 `toml:"min_melt,omitempty"`
	MaxMelt *uint64 `toml:"max_melt,omitempty"`
	// FeeMin and FeePPM are the least that a melt quote reserves for the fee: an amount,
	// and millionths of the payment. A backend that asks for more gets it.
	FeeMin *uint64 `toml:"fee_min,omitempty"`
	FeePPM *uint64 `toml:"fee_ppm,omitempty"`
}

// Backend is one of several.
type Backend struct {
	// Type of backend, as Lightning.Backend.
	Type string `toml:"type"`

	Use
	Nodes
}

// Use is what a backend is used for.
type Use struct {
	// Methods and Units that go through the backend, such as "bolt11" and "sat". Where
	// there are several backends each must say both, and no two the same in one
	// direction. Empty: whatever it can.
	Methods []string `toml:"methods"`
	Units   []string `toml:"units"`
	// Mint and Melt tell whether it is used to take money in and to send it out. One of
	// several that is used for neither ends what it began. Default true.
	Mint bool `toml:"mint"`
	Melt bool `toml:"melt"`
}

// Nodes are the settings of each type of backend. Those of another type do not count.
type Nodes struct {
	Fake      Fake      `toml:"fake"`
	LND       LND       `toml:"lnd"`
	CLN       CLN       `toml:"cln"`
	Processor Processor `toml:"processor"`
}

// Fake says how the fake backend behaves.
type Fake struct {
	// Methods are the ways to pay: "bolt11", "bolt12", "onchain", and any other name
	// of a-z, 0-9, - and _, for which requests are invented. Default the first three.
	Methods []string `toml:"methods"`
	// Database is the file of the fake node. Several mintd on one database need
	// the same one, as they would share a real node. Default: a file in the data
	// directory, which nobody else may have open.
	Database string `toml:"database"`
	// Units to receive: "sat", "msat", "usd", "eur". Each needs a keyset of the
	// signatory; a spawned one has "sat". Default sat.
	Units []string `toml:"units"`
	// IncomingDelay is how long after its making an invoice counts as paid.
	// Default "1s".
	IncomingDelay Duration `toml:"incoming_delay"`
	// SettleOnCheck makes a look at an unpaid quote settle it at once.
	SettleOnCheck bool `toml:"settle_on_check"`
	// OpenAmount is what somebody pays for an offer or an address that asks for no
	// amount. Default 1000.
	OpenAmount uint64 `toml:"open_amount"`
	// Confirmations is how many blocks confirm a payment on the chain, and BlockTime
	// how long each takes. Default 1 and "1s".
	Confirmations uint32   `toml:"confirmations"`
	BlockTime     Duration `toml:"block_time"`
	// MinAmount and MaxAmount bound one payment, in its unit, either way.
	// Default 1 and 500000; 0 is no bound.
	MinAmount uint64 `toml:"min_amount"`
	MaxAmount uint64 `toml:"max_amount"`
	// OutgoingDelay is how long a payment takes that the mint makes. Default
	// "1s".
	OutgoingDelay Duration `toml:"outgoing_delay"`
	// FeePPM and FeeReserveMin are what a melt quote reserves for fees: so many
	// millionths of the amount, and at least so much. Default 20000 and 2.
	FeePPM        uint64 `toml:"fee_ppm"`
	FeeReserveMin uint64 `toml:"fee_reserve_min"`
	// Funds is what the invented node had in sat before its first payment; less than 0:
	// what it has lost since. The mint sees it in the balance only. Default 0.
	Funds int64 `toml:"funds"`
	// PaymentFee is what a payment costs of that, in its unit. Default 1.
	PaymentFee uint64 `toml:"payment_fee"`
	// Amountless makes the mint pay invoices without amount, MultiPath a part of
	// one. Default true.
	Amountless bool `toml:"amountless"`
	MultiPath  bool `toml:"multi_path"`
}

func defaultLightning() Lightning {
	return Lightning{Backend: fakeType, Network: "mainnet", Terms: []Terms{}, Use: defaultUse(), Nodes: defaultNodes()}
}

func defaultUse() Use { return Use{Methods: []string{}, Units: []string{}, Mint: true, Melt: true} }

func defaultNodes() Nodes {
	return Nodes{Fake: defaultFake(), LND: defaultLND(), CLN: defaultCLN(), Processor: defaultProcessor()}
}

func defaultFake() Fake {
	return Fake{
		Methods: []string{"bolt11", "bolt12", "onchain"}, OpenAmount: 1000, Confirmations: 1, BlockTime: Duration(time.Second),
		Units: []string{"sat"}, IncomingDelay: Duration(time.Second), MinAmount: 1, MaxAmount: 500_000,
		OutgoingDelay: Duration(time.Second), FeePPM: 20_000, FeeReserveMin: 2, PaymentFee: 1,
		Amountless: true, MultiPath: true,
	}
}

// network is the chain of all payments.
func (l Lightning) network() (bolt11.Network, bool) {
	n, known := map[string]bolt11.Network{
		"mainnet": bolt11.Mainnet, "testnet": bolt11.Testnet, "signet": bolt11.Signet, "regtest": bolt11.Regtest,
	}[l.Network]
	return n, known
}

// named is a backend of the configuration.
type named struct {
	Backend
	name string // "" is the only one
	key  string // of its settings
}

// all are the backends, ordered by name.
func (l Lightning) all() []named {
	if len(l.Backends) == 0 {
		return []named{{Backend: Backend{Type: l.Backend, Use: l.Use, Nodes: l.Nodes}, name: l.Backend, key: "lightning"}}
	}
	var list []named
	for _, name := range slices.Sorted(maps.Keys(l.Backends)) {
		list = append(list, named{*l.Backends[name], name, "lightning.backends." + name})
	}
	return list
}

// terms are what the mint is told.
func (l Lightning) terms() []mint.Terms {
	list := make([]mint.Terms, 0, len(l.Terms))
	amount := func(n *uint64) *cashu.Amount { return (*cashu.Amount)(n) }
	for _, t := range l.Terms {
		unit := cashu.Unit(t.Unit)
		if u, err := cashu.ParseUnit(t.Unit); err == nil {
			unit = u
		}
		list = append(list, mint.Terms{
			Method: t.Method, Unit: unit, Mint: t.Mint, Melt: t.Melt,
			MinMint: amount(t.MinMint), MaxMint: amount(t.MaxMint), MinMelt: amount(t.MinMelt), MaxMelt: amount(t.MaxMelt),
			FeeMin: amount(t.FeeMin), FeePPM: t.FeePPM,
		})
	}
	return list
}

// names lists all backends, for the log.
func (l Lightning) names() string {
	var list []string
	for _, b := range l.all() {
		list = append(list, b.String())
	}
	return strings.Join(list, ", ")
}

// units are those of the configuration, which validate has seen.
func (u Use) units() []cashu.Unit {
	var list []cashu.Unit
	for _, name := range u.Units {
		unit, _ := cashu.ParseUnit(name)
		list = append(list, unit)
	}
	return list
}
