package mint

import (
	"slices"
	"strings"

	"mintmark/cashu"
	"mintmark/internal/release"
)

// Version is what the mint calls itself (NUT-06): one name, one slash, three
// numbers, because some wallets refuse anything else.
const Version = "Mintmark/" + release.Number

// About is what the operator says about the mint (NUT-06). Everything is
// optional and public.
type About struct {
	Name            string              `json:"name,omitzero"`
	Description     string              `json:"description,omitzero"`
	DescriptionLong string              `json:"description_long,omitzero"`
	Contact         []cashu.MintContact `json:"contact,omitzero"`
	MOTD            string              `json:"motd,omitzero"`
	IconURL         string              `json:"icon_url,omitzero"`
	URLs            []string            `json:"urls,omitzero"`
	TOSURL          string              `json:"tos_url,omitzero"`
}

// Info describes the mint (NUT-06). What it can do follows from what is wired,
// never from configuration, so that a wallet is not told of anything that it
// would then not find.
func (m *Mint) Info() cashu.MintInfo {
	a := m.settings.Load().about
	if m.playMoney() {
		a.Name = strings.TrimSpace(a.Name + " (play money)")
		a.MOTD = strings.TrimSpace(PlayMoney + " " + a.MOTD)
	}
	supported := cashu.SupportedInfo{Supported: true}
	methods, ways := m.mintMethods(), m.meltMethods()
	info := cashu.MintInfo{
		Name: a.Name, Pubkey: m.Keysets().Identity(), Version: Version,
		Description: a.Description, DescriptionLong: a.DescriptionLong, Contact: a.Contact,
		MOTD: a.MOTD, IconURL: a.IconURL, URLs: a.URLs, TOSURL: a.TOSURL,
		Time: m.now().Unix(),
		Nuts: map[string]any{
			"4":  cashu.MethodsInfo{Methods: methods, Disabled: len(methods) == 0},
			"5":  cashu.MethodsInfo{Methods: ways, Disabled: len(ways) == 0},
			"7":  supported,
			"9":  supported,
			"10": supported,
			"11": supported,
			"12": supported,
			"14": supported,
			"17": cashu.SubscriptionsInfo{Supported: m.subscribable()},
			"19": repeatable(methods, ways),
			"20": supported,
		},
		MaxArrayLength: min(m.cfg.Limits.MaxInputs, m.cfg.Limits.MaxOutputs, m.cfg.Limits.MaxStates),
	}
	if len(methods) > 0 {
		info.Nuts["29"] = cashu.BatchInfo{MaxBatchSize: m.cfg.Limits.MaxQuotes, Methods: methodNames(methods)}
	}
	if len(ways) > 0 {
		info.Nuts["8"] = supported
	}
	m.authInfo(info.Nuts)
	if parts := m.multiPath(); len(parts) > 0 {
		info.Nuts["15"] = cashu.MethodUnits{Methods: parts}
	}
	return info
}

// repeatable lists the requests that get the same answer when they are repeated,
// for ever (NUT-19): those of replay.go and of a paid melt. It is not a cache, so
// nothing is promised of the other routes, although they change nothing either.
func repeatable(methods, ways []cashu.MethodInfo) cashu.CachedInfo {
	list := []cashu.CachedEndpoint{{Method: "POST", Path: "/v1/swap"}}
	add := func(prefix, suffix string, infos []cashu.MethodInfo) {
		for i, info := range infos { // ordered by method
			if i == 0 || info.Method != infos[i-1].Method {
				list = append(list, cashu.CachedEndpoint{Method: "POST", Path: prefix + info.Method + suffix})
			}
		}
	}
	add("/v1/mint/", "", methods)
	add("/v1/mint/", "/batch", methods)
	add("/v1/melt/", "", ways)
	return cashu.CachedInfo{CachedEndpoints: list}
}

// PlayMoney is what users of a mint with a fake backend are told, whatever else
// the operator has to say.
const PlayMoney = "TEST MINT with play money: nobody pays for its ecash, and it is worth nothing."

// playMoney tells whether any payment is invented.
func (m *Mint) playMoney() bool {
	return slices.ContainsFunc(m.receivers(), func(r receiver) bool { return r.settings.Fake }) ||
		slices.ContainsFunc(m.payers(), func(p payer) bool { return p.settings.Fake })
}

func (m *Mint) mintMethods() []cashu.MethodInfo {
	methods := []cashu.MethodInfo{}
	for _, b := range m.receivers() {
		if !on(b.terms.Mint) || !m.canSign(b.settings.Unit) {
			continue
		}
		methods = append(methods, cashu.MethodInfo{
			Method: b.settings.Method, Unit: b.settings.Unit,
			MinAmount: b.settings.MinAmount, MaxAmount: b.settings.MaxAmount,
			Options: b.options(),
		})
	}
	return methods
}

// options are those that the NUT of the method names.
func (b receiver) options() *cashu.MethodOptions {
	if rulesOf(b.settings.Method).noAmount {
		return &cashu.MethodOptions{Confirmations: &b.settings.Confirmations}
	}
	return &cashu.MethodOptions{Description: &b.settings.Description}
}

func (p payer) options() *cashu.MethodOptions {
	if rulesOf(p.settings.Method).async {
		return nil
	}
	return &cashu.MethodOptions{Amountless: &p.settings.Amountless}
}

func (m *Mint) meltMethods() []cashu.MethodInfo {
	methods := []cashu.MethodInfo{}
	for _, p := range m.payers() {
		if !on(p.terms.Melt) {
			continue
		}
		methods = append(methods, cashu.MethodInfo{
			Method: p.settings.Method, Unit: p.settings.Unit,
			MinAmount: p.settings.MinAmount, MaxAmount: p.settings.MaxAmount,
			Options: p.options(),
		})
	}
	return methods
}

// multiPath lists the methods that can pay a part (NUT-15).
func (m *Mint) multiPath() (list []cashu.MethodUnit) {
	for _, p := range m.payers() {
		if p.settings.MultiPath && on(p.terms.Melt) {
			list = append(list, cashu.MethodUnit{Method: p.settings.Method, Unit: p.settings.Unit})
		}
	}
	return list
}

// methodNames lists the methods, each once.
func methodNames(methods []cashu.MethodInfo) (names []string) {
	for _, info := range methods {
		names = append(names, info.Method)
	}
	return slices.Compact(names) // they are sorted
}

// Health is what the operator's monitoring asks for.
type Health struct {
	Ready     bool  // there are keysets to serve
	Signatory bool  // the signatory's keyset stream stands
	Database  bool  // the database answers
	NoWrites  bool  // the database cannot be written: its disk is full, say
	Stuck     int64 // sagas that recovery cannot decide
	// OverRedeemed counts, since the start, how often a keyset was about to
	// redeem more than it issued. Anything but 0 is an alarm.
	OverRedeemed int64
	Away         []string // payment backends that do not answer
	Short        bool     // the watchdog has called the operator, or stopped something
}
