package lnd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"mintmark/internal/sqldb"
	"mintmark/mint/lightning"
)

// EvidencePermissions are calls that only read, and that only Evidence needs: a macaroon
// without them does for everything else.
var EvidencePermissions = []string{"/lnrpc.Lightning/ListChannels", "/lnrpc.Lightning/PendingChannels"}

var _ lightning.Witness = (*Backend)(nil)

// Evidence implements lightning.Witness. A payment that the node calls in flight is so as
// long as one of its channels holds an HTLC of the hash, or one that is being closed might.
// Otherwise the node has lost it (lightningnetwork/lnd#5152).
func (b *Backend) Evidence(ctx context.Context, method, id string) (lines []string, err error) {
	const doing = "look at a payment"
	ctx, leave, err := b.life.Enter(ctx)
	if err != nil {
		return nil, wrap(doing, err)
	}
	defer leave()
	a, err := b.attempt(ctx, id)
	switch {
	case errors.Is(err, sqldb.ErrNoRows) || err == nil && method != lightning.MethodBolt11:
		return []string{"lnd.db knows of no such attempt: the node was never told to pay, or the database was lost"}, nil
	case err != nil:
		return nil, wrap(doing, err)
	}
	now := b.cfg.Clock()
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	say("payment hash %x; the invoice %s", a.hash, ends(a.expires, now))
	switch {
	case a.orders == 0:
		say("the node was not told to pay")
	case a.answered:
		say("the node %s was told %d times, last at %s, and had begun", or(a.node, "(which one is not noted)"), a.orders, when(a.ordered))
	default:
		say("the node %s was told %d times, last at %s, and has never shown the payment", or(a.node, "(which one is not noted)"), a.orders, when(a.ordered))
	}
	if a.state != lightning.PaymentPending {
		say("it has ended: %s", a.state)
		return lines, nil
	}
	node, err := b.info(ctx)
	if err != nil {
		say("the node cannot be asked: %v", err)
		return lines, nil
	}
	if a.elsewhere(node.Pubkey) {
		say("another node answers now, which knows nothing of this: %s", node.Pubkey)
		return lines, nil
	}
	status, err := b.evidenceOfPayment(ctx, a, say)
	if err != nil {
		say("the node cannot say what became of it: %v", err)
		return lines, nil
	}
	held, unsure := b.evidenceOfChannels(ctx, a.hash, say)
	say("=> %s", conclude(status, held, unsure, now.After(a.expires)))
	return lines, nil
}

// conclude says what to make of it. unsure: channels may hold what cannot be seen.
func conclude(status string, held int, unsure, expired bool) string {
	switch {
	case held > 0:
		return "it is under way: it ends when the payee or a node on the way lets go, at the latest when the HTLC expires"
	case status == statusSucceeded || status == statusFailed:
		return "the node has ended it: recovery takes that over"
	case status == statusInFlight && !unsure && expired:
		return "nothing of it is under way, the node has lost it (lightningnetwork/lnd#5152), and the invoice has expired: if the payee has nothing, release it"
	case status == statusInFlight && !unsure:
		return "nothing of it is under way, the node may have lost it (lightningnetwork/lnd#5152): look again when the invoice has expired, and ask the payee"
	}
	return "this proves nothing: ask the payee"
}

func (b *Backend) evidenceOfPayment(ctx context.Context, a attempt, say func(string, ...any)) (status string, err error) {
	found, err := b.track(ctx, a.hash, false, func(p payment) error {
		status = p.Status
		whose := "this payment"
		if judge(a, p, true) != standsOpen {
			whose, status = "ANOTHER payment of this hash", ""
		}
		say("the node has %s: %s %s, number %d, begun %s", whose, p.Status, p.Failure, p.Index, time.Unix(0, int64(p.Created)).UTC().Format(time.RFC3339))
		for i, h := range p.HTLCs {
			say("  try %d: %s, %d msat with the fee", i+1, h.Status, h.Route.Total)
		}
		return nil
	})
	if err == nil && !found {
		say("the node knows of no payment of this hash")
	}
	return status, err
}

// evidenceOfChannels looks for HTLCs of the hash. unsure: there may be some that it
// cannot see.
func (b *Backend) evidenceOfChannels(ctx context.Context, hash []byte, say func(string, ...any)) (held int, unsure bool) {
	quick, cancel := quickly(ctx)
	defer cancel()
	var open struct {
		Channels []struct {
			Point   string `json:"channel_point"`
			Pending []struct {
				Incoming bool   `json:"incoming"`
				Amount   number `json:"amount"`
				Hash     []byte `json:"hash_lock"`
				Expires  int    `json:"expiration_height"`
			} `json:"pending_htlcs"`
		} `json:"channels"`
	}
	var closing struct {
		Force []struct {
			Pending []struct {
				Incoming bool `json:"incoming"`
			} `json:"pending_htlcs"`
		} `json:"pending_force_closing_channels"`
		Waiting []struct{} `json:"waiting_close_channels"`
	}
	err := b.client.call(quick, http.MethodGet, "/v1/channels", nil, &open)
	if err == nil {
		err = b.client.call(quick, http.MethodGet, "/v1/channels/pending", nil, &closing)
	}
	if err != nil {
		why := err.Error()
		if permissionDenied(err) {
			why = fmt.Sprintf("the macaroon does not permit it (uri:%s uri:%s)", EvidencePermissions[0], EvidencePermissions[1])
		}
		say("its channels cannot be looked at: %s; use lncli listchannels and lncli pendingchannels", why)
		return 0, true
	}
	for _, c := range open.Channels {
		for _, h := range c.Pending {
			if !h.Incoming && bytes.Equal(h.Hash, hash) {
				held++
				say("channel %s holds an HTLC of it: %d sat, until block %d", c.Point, h.Amount, h.Expires)
			}
		}
	}
	outgoing := 0
	for _, c := range closing.Force {
		for _, h := range c.Pending {
			if !h.Incoming {
				outgoing++
			}
		}
	}
	say("%d channels were looked at, %d HTLCs are of this hash; %d channels are being closed, with %d outgoing HTLCs of which nobody says whose they are",
		len(open.Channels), held, len(closing.Force)+len(closing.Waiting), outgoing)
	return held, outgoing > 0 || len(closing.Waiting) > 0
}

func ends(expires, now time.Time) string {
	if now.After(expires) {
		return "has expired at " + when(expires)
	}
	return "can be paid until " + when(expires)
}

func when(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
