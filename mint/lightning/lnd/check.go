package lnd

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"mintmark/mint/lightning"
)

// Check looks at a node as the mint will use it, and finds out what stands in the way.
// It moves no money, makes no invoice and needs no database. Of what can only be seen
// when something else works, nothing is said until that works.
func Check(ctx context.Context, c Config) (lightning.Findings, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	var r lightning.Findings
	client, err := newClient(c)
	if err != nil {
		r.Add(lightning.Broken, "%v", err)
		return r, nil
	}
	defer client.close()
	b := &Backend{cfg: c, client: client, log: c.Logger}
	v, err := b.info(ctx)
	if err != nil {
		r.Add(lightning.Broken, "%s", b.unreachable(err))
		return r, nil
	}
	r.Add(lightning.Fine, "the node answers: %q, %s, %s", v.Alias, v.Version, v.Pubkey)
	if err := b.fit(v); err != nil {
		r.Add(lightning.Broken, "%v", err)
	} else {
		r.Add(lightning.Fine, "it is on %s and has the whole chain", networks[c.Network])
	}
	b.checkPermissions(ctx, &r)
	b.checkChannels(ctx, v, &r)
	return r, nil
}

// unreachable says why the first call failed.
func (b *Backend) unreachable(err error) string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		return fmt.Sprintf("what answers at %s shows another certificate than %s: copy the node's tls.cert again, and be sure that it is the node",
			b.cfg.URL, b.cfg.TLSCert)
	case errors.As(err, &name):
		return fmt.Sprintf("the node's certificate is not for the name in %s: %v; say tlsextraip or tlsextradomain in lnd.conf, and let lnd make it anew",
			b.cfg.URL, name)
	case errors.As(err, &invalid):
		return fmt.Sprintf("the node's certificate is not valid: %v; lnd renews it with tlsautorefresh", invalid)
	case permissionDenied(err):
		return fmt.Sprintf("the macaroon %s does not permit %s", b.cfg.Macaroon, Permissions[0])
	case answered(err):
		return fmt.Sprintf("the node answers and does not serve us, because the macaroon %s is not of this node, or the node is locked or starting: %v", b.cfg.Macaroon, err)
	}
	return fmt.Sprintf("the node cannot be reached at %s: %v", b.cfg.URL, err)
}

// permissionDenied tells whether the macaroon was good and its rights were not. For that
// lnd has no code of its own.
func permissionDenied(err error) bool {
	var e *nodeError
	return errors.As(err, &e) && strings.Contains(e.Message, "permission denied")
}

// A probe is a call that changes nothing, but needs a permission. lnd looks at the
// permission first, so whatever else it says, it is there.
type probe struct {
	permission, method, path string
	in                       string
}

const subscribe = "/lnrpc.Lightning/SubscribeInvoices"

func probes() []probe {
	zeros := strings.Repeat("0", 64)
	wrong := `{"value": "1", "value_msat": "1"}` // lnd wants one of them
	return []probe{
		{"/lnrpc.Lightning/AddInvoice", http.MethodPost, "/v1/invoices", wrong},
		{"/lnrpc.Lightning/LookupInvoice", http.MethodGet, "/v1/invoice/" + zeros, ""},
		{"/lnrpc.Lightning/ListInvoices", http.MethodGet, "/v1/invoices?num_max_invoices=1", ""},
		{subscribe, http.MethodGet, "/v1/invoices/subscribe", ""},
		{"/lnrpc.Lightning/ChannelBalance", http.MethodGet, "/v1/balance/channels", ""},
		{"/lnrpc.Lightning/QueryRoutes", http.MethodGet, "/v1/graph/routes/00/1", ""},
		{"/invoicesrpc.Invoices/CancelInvoice", http.MethodPost, "/v2/invoices/cancel", `{"payment_hash": "` + strings.Repeat("A", 43) + `="}`},
		{"/routerrpc.Router/SendPaymentV2", http.MethodPost, "/v2/router/send", `{"payment_request": "none"}`},
		{"/routerrpc.Router/SendToRouteV2", http.MethodPost, "/v2/router/route/send", "{}"},
		{"/routerrpc.Router/TrackPaymentV2", http.MethodGet, "/v2/router/track/" + strings.Repeat("A", 43) + "=", ""},
		{"/routerrpc.Router/EstimateRouteFee", http.MethodPost, "/v2/router/route/estimatefee", "{}"},
	}
}

// checkPermissions names what the macaroon should permit and does not, and warns when
// it permits what a mint never needs.
func (b *Backend) checkPermissions(ctx context.Context, r *lightning.Findings) {
	more := probe{method: http.MethodGet, path: "/v1/balance/blockchain"}
	list := append(probes(), more)
	errs := make([]error, len(list))
	var all sync.WaitGroup
	for i, p := range list {
		all.Go(func() { errs[i] = b.try(ctx, p) })
	}
	all.Wait()
	var missing []string
	for i, p := range list {
		switch err := errs[i]; {
		case p == more && err == nil:
			r.Add(lightning.Doubtful, "the macaroon permits more than the mint needs: who breaks into mintd can do that too; bake one that permits only what docs/lightning.md lists")
		case p == more:
		case permissionDenied(err):
			missing = append(missing, p.permission)
		case err != nil && !answered(err) && p.permission != subscribe:
			r.Add(lightning.Broken, "while looking at %s: %v", p.permission, err)
			return
		}
	}
	if len(missing) > 0 {
		r.Add(lightning.Broken, "the macaroon lacks permissions: uri:%s", strings.Join(missing, " uri:"))
	} else {
		r.Add(lightning.Fine, "the macaroon permits all that the mint needs")
	}
}

func (b *Backend) try(ctx context.Context, p probe) error {
	limit := 15 * time.Second
	if p.permission == subscribe {
		limit = 5 * time.Second // it says nothing until somebody pays
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var in any
	if p.in != "" {
		in = json.RawMessage(p.in)
	}
	return b.client.stream(ctx, p.method, p.path, in, func(json.RawMessage) (bool, error) { return true, nil })
}

// checkChannels tells whether money can go out and come in.
func (b *Backend) checkChannels(ctx context.Context, v info, r *lightning.Findings) {
	c := lightning.Channels{Active: v.Active, Inactive: v.Inactive, Pending: v.Pending}
	if !r.AddChannels(c) {
		return
	}
	if !v.Graph {
		r.Add(lightning.Doubtful, "the node does not know the whole network yet: it may not find ways to pay")
	}
	held, err := b.balances(ctx)
	if err != nil {
		return // the permission is missing, which was said
	}
	c.Out, c.In = uint64(held.Local.Msat)/msatPerSat, uint64(held.Remote.Msat)/msatPerSat
	r.AddLiquidity(c)
}
