package cln

import (
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"sync"

	"mintmark/mint/lightning"
)

// Check looks at a node as the mint will use it, and finds out what stands in the way. It
// moves no money, makes no invoice and needs no journal.
func Check(ctx context.Context, c Config) (found lightning.Findings, err error) {
	if err := c.withDefaults(); err != nil {
		return nil, err
	}
	client, err := c.client()
	if err != nil {
		found.Add(lightning.Broken, "%v", err)
		return found, nil
	}
	defer client.CloseIdleConnections()
	b := &Backend{cfg: c, http: client, log: c.Logger}
	var info struct {
		ID       string `json:"id"`
		Alias    string `json:"alias"`
		Version  string `json:"version"`
		Network  string `json:"network"`
		Active   int    `json:"num_active_channels"`
		Inactive int    `json:"num_inactive_channels"`
		Pending  int    `json:"num_pending_channels"`
		Chain    string `json:"warning_bitcoind_sync"`
		Behind   string `json:"warning_lightningd_sync"`
	}
	if err := b.quick(ctx, "getinfo", map[string]any{}, &info); err != nil {
		found.Add(lightning.Broken, "%s", b.unreachable(err))
		return found, nil
	}
	found.Add(lightning.Fine, "the node answers: %q, %s, %s", clean(info.Alias), clean(info.Version), clean(info.ID))
	b.checkVersion(info.Version, &found)
	switch {
	case networks[info.Network] != c.Network:
		found.Add(lightning.Broken, "the node is on %s, and the mint on %s", clean(info.Network), c.Network)
	case info.Chain != "" || info.Behind != "":
		found.Add(lightning.Broken, "the node is still reading the chain: %s", clean(info.Chain+info.Behind))
	default:
		found.Add(lightning.Fine, "it is on %s and has the whole chain", clean(info.Network))
	}
	b.checkRune(ctx, &found)
	b.checkChannels(ctx, lightning.Channels{Active: info.Active, Inactive: info.Inactive, Pending: info.Pending}, &found)
	return found, nil
}

// unreachable says why the first call failed.
func (b *Backend) unreachable(err error) string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	switch {
	case errors.As(err, &unknown):
		return "what answers at " + b.cfg.URL + " shows another certificate than one of " + b.cfg.TLSCert + ": copy the node's ca.pem again, and be sure that it is the node"
	case errors.As(err, &name):
		return "the node's certificate is for another name: say server_name. " + err.Error()
	case notPermitted(err):
		return "the rune " + b.cfg.Rune + " is not of this node, or does not permit getinfo: " + err.Error()
	case codeOf(err) != 0:
		return "the node answers and does not serve us: " + err.Error()
	}
	return "the node cannot be reached at " + b.cfg.URL + ", or its plugin clnrest does not run: " + err.Error()
}

// notPermitted tells whether the plugin refuses a call for its rune.
func notPermitted(err error) bool {
	code := codeOf(err)
	return code == codeNotAuthorized || code == codeNotPermitted
}

// oldest is the first release with the plugin in a form that this package knows.
const oldest = "v23.08"

// checkVersion compares release names, which are vYY.MM and sort like text.
func (b *Backend) checkVersion(version string, found *lightning.Findings) {
	switch {
	case len(version) < len(oldest) || version[0] != 'v' || version[3] != '.':
		found.Add(lightning.Doubtful, "nobody knows how old version %s is; it must be %s or later", clean(version), oldest)
	case version[:len(oldest)] < oldest:
		found.Add(lightning.Broken, "version %s is too old: it must be %s or later", clean(version), oldest)
	}
}

// A probe is a call that changes nothing, for what it needs is missing. The plugin looks
// at the rune first, so whatever else it says, the method is permitted.
func (b *Backend) probes() map[string]map[string]any {
	zeros := strings.Repeat("0", 64)
	list := map[string]map[string]any{
		"invoice": {}, "listinvoices": {"payment_hash": zeros}, "delinvoice": {}, "waitanyinvoice": {"lastpay_index": uint64(1) << 53, "timeout": 0},
		"pay": {}, "listpays": {"payment_hash": zeros}, "listfunds": {},
	}
	if b.cfg.Offers {
		list["decode"], list["offer"], list["listoffers"], list["fetchinvoice"] = map[string]any{}, map[string]any{}, map[string]any{"offer_id": zeros}, map[string]any{}
	}
	return list
}

// beyond is a method that a mint never needs.
const beyond = "listconfigs"

// checkRune names what the rune should permit and does not, and warns when it permits
// more.
func (b *Backend) checkRune(ctx context.Context, found *lightning.Findings) {
	list := b.probes()
	list[beyond] = map[string]any{}
	var mu sync.Mutex
	var all sync.WaitGroup
	var missing []string
	var away error
	tooMuch := false
	for method, params := range list {
		all.Go(func() {
			err := b.quick(ctx, method, params, &struct{}{})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case method == beyond:
				tooMuch = err == nil
			case notPermitted(err):
				missing = append(missing, "method="+method)
			case err != nil && codeOf(err) == 0:
				away = err
			}
		})
	}
	all.Wait()
	slices.Sort(missing)
	switch {
	case away != nil:
		found.Add(lightning.Broken, "while looking at what the rune permits: %v", away)
	case len(missing) > 0:
		found.Add(lightning.Broken, "the rune does not permit %s", strings.Join(missing, ", "))
	default:
		found.Add(lightning.Fine, "the rune permits all that the mint needs")
	}
	if tooMuch {
		found.Add(lightning.Doubtful, "the rune permits more than the mint needs: who breaks into mintd can do that too; make one that permits only what docs/lightning.md lists")
	}
}

// checkChannels tells whether money can go out and come in.
func (b *Backend) checkChannels(ctx context.Context, c lightning.Channels, found *lightning.Findings) {
	if !found.AddChannels(c) {
		return
	}
	held, err := b.funds(ctx)
	if err != nil {
		return // the rune does not permit it, which was said
	}
	c.Out, c.In = held.out/1000, held.in/1000
	found.AddLiquidity(c)
}
