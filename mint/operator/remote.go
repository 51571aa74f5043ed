package operator

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"mintmark/cashu"
	"mintmark/mint"
)

// Remote asks a running mintd through its operator socket.
type Remote struct {
	client *http.Client
}

var _ Operator = (*Remote)(nil)

// NewRemote is for the socket at path. Nothing is connected yet.
func NewRemote(path string) *Remote {
	return &Remote{client: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
	}}}
}

// call sends a request and reads the answer into out, unless out is nil.
func (r *Remote) call(ctx context.Context, path string, q request, out any) error {
	body, err := json.Marshal(q)
	if err != nil {
		return fmt.Errorf("asking mintd: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://mintd"+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("asking mintd: %w", err)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return fmt.Errorf("asking mintd: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("asking mintd: %w", err)
	}
	switch {
	case resp.StatusCode == http.StatusConflict:
		return fmt.Errorf("%w (%s)", ErrNotStuck, strings.TrimSpace(string(answer)))
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("mintd says: %s", strings.TrimSpace(string(answer)))
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("reading mintd's answer: %w", err)
	}
	return nil
}

// Sagas lists all unfinished operations with the evidence about each.
func (r *Remote) Sagas(ctx context.Context) (list []Saga, err error) {
	return list, r.call(ctx, pathSagas, request{}, &list)
}

// Resolve ends an operation that recovery cannot decide.
func (r *Remote) Resolve(ctx context.Context, shown Evidence, d Decision, why string) error {
	return r.call(ctx, pathResolve, request{Evidence: shown, Decision: d, Value: why}, nil)
}

// Evidence is what can be seen of an unfinished operation.
func (r *Remote) Evidence(ctx context.Context, operation uuid.UUID) (e Evidence, err error) {
	return e, r.call(ctx, pathEvidence, request{Operation: operation}, &e)
}

// Decisions are the latest that operators have made.
func (r *Remote) Decisions(ctx context.Context, limit int) (list []mint.OperatorDecision, err error) {
	return list, r.call(ctx, pathDecisions, request{Limit: limit}, &list)
}

// Liabilities is what every keyset issued, redeemed and still owes.
func (r *Remote) Liabilities(ctx context.Context, recount bool) (list []Liability, err error) {
	return list, r.call(ctx, pathLiabilities, request{Recount: recount}, &list)
}

// AllowOverRedeem lets a keyset redeem more than it issued, or no more.
func (r *Remote) AllowOverRedeem(ctx context.Context, id cashu.KeysetID, allow bool) error {
	return r.call(ctx, pathOverRedeem, request{Keyset: id, Allow: allow}, nil)
}

// Setting reads a setting from the database.
func (r *Remote) Setting(ctx context.Context, name string) (value string, err error) {
	return value, r.call(ctx, pathSetting, request{Name: name}, &value)
}

// Settings are all that are kept in the database, by name.
func (r *Remote) Settings(ctx context.Context) (kept map[string]string, err error) {
	return kept, r.call(ctx, pathSettings, request{}, &kept)
}

// Set checks a setting and keeps it in the database.
func (r *Remote) Set(ctx context.Context, name, value string) error {
	return r.call(ctx, pathSet, request{Name: name, Value: value}, nil)
}

// Say keeps terms in the database.
func (r *Remote) Say(ctx context.Context, said mint.Terms) error {
	return r.call(ctx, pathSay, request{Terms: said}, nil)
}

// AcceptMemory lets a payment backend remember its payments in another place.
func (r *Remote) AcceptMemory(ctx context.Context, backend, why string) error {
	return r.call(ctx, pathAcceptMemory, request{Name: backend, Value: why}, nil)
}

// Aside lists payments that could not be taken in.
func (r *Remote) Aside(ctx context.Context) (list []mint.SetAside, err error) {
	return list, r.call(ctx, pathAside, request{}, &list)
}

// SettleAside notes that somebody deals with one.
func (r *Remote) SettleAside(ctx context.Context, p mint.SetAside, why string) error {
	return r.call(ctx, pathSettleAside, request{Aside: p, Value: why}, nil)
}

// Payments is what the running mint thinks of its payment backends.
func (r *Remote) Payments(ctx context.Context) (p mint.Payments, err error) {
	return p, r.call(ctx, pathPayments, request{}, &p)
}
