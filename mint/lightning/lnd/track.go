package lnd

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"mintmark/cashu"
)

// payment is a payment of the node: all that it has tried to pay under one hash.
type payment struct {
	Status   string `json:"status"`
	Failure  string `json:"failure_reason"`
	Value    number `json:"value_msat"`
	Fee      number `json:"fee_msat"`
	Preimage string `json:"payment_preimage"` // hex
	Index    number `json:"payment_index"`
	Created  number `json:"creation_time_ns"`
	HTLCs    []htlc `json:"htlcs"`
}

func (p payment) mark() mark { return mark{uint64(p.Index), uint64(p.Created)} }

// htlc is one part of a payment on one way.
type htlc struct {
	Status   string `json:"status"`
	Preimage []byte `json:"preimage"`
	Route    struct {
		Total number `json:"total_amt_msat"` // with the fee
	} `json:"route"`
	Failure *struct{ Code string } `json:"failure"`
}

const (
	statusSucceeded = "SUCCEEDED"
	statusFailed    = "FAILED"
	statusInFlight  = "IN_FLIGHT"
)

// readPayment reads an answer about a payment. One without a state or a number is none:
// it comes from somebody on the way, and must not look like a payment that is not ours.
func readPayment(answer json.RawMessage) (p payment, err error) {
	if err := json.Unmarshal(answer, &p); err != nil {
		return p, err
	}
	if p.Status == "" || p.Index == 0 {
		return p, errors.New("an answer that tells of no payment")
	}
	return p, nil
}

// spent is what the payment did cost.
func (b *Backend) spent(p payment, part bool) cashu.Amount {
	if !part {
		return b.roundUp(uint64(p.Value) + uint64(p.Fee))
	}
	// The node counts the whole invoice as the value. What has left it is in the parts.
	var msat uint64
	for _, h := range p.HTLCs {
		if h.Status == statusSucceeded {
			msat += uint64(h.Route.Total)
		}
	}
	return b.roundUp(msat)
}

// track asks for the payment of a hash: now, and, if wait is set, each time again until
// it has ended. found is false when the node knows none.
func (b *Backend) track(ctx context.Context, hash []byte, wait bool, each func(payment) error) (found bool, err error) {
	if !wait {
		var cancel context.CancelFunc
		ctx, cancel = quickly(ctx)
		defer cancel()
	}
	err = b.client.stream(ctx, http.MethodGet, "/v2/router/track/"+base64.URLEncoding.EncodeToString(hash), nil, func(answer json.RawMessage) (bool, error) {
		p, err := readPayment(answer)
		if err != nil {
			return false, err
		}
		found = true
		return !wait || p.Status == statusSucceeded || p.Status == statusFailed, each(p)
	})
	if notBegun(err) {
		return false, nil
	}
	return found, err
}

// notBegun tells whether the node says that it has no payment of the hash. The code
// alone would also be that of a path which the node does not serve.
func notBegun(err error) bool {
	var e *nodeError
	return errors.As(err, &e) && e.Code == codeNotFound && strings.Contains(e.Message, "payment isn't initiated")
}
