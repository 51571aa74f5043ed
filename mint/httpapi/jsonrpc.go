package httpapi

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/events"
)

// The words of NUT-17, which are JSON-RPC 2.0.

// Error codes of JSON-RPC.
const (
	rpcParse    = -32700
	rpcInvalid  = -32600
	rpcMethod   = -32601
	rpcParams   = -32602
	rpcInternal = -32000
)

type rpcRequest struct {
	JSONRPC string         `json:"jsonrpc"`
	ID      jsontext.Value `json:"id"`
	Method  string         `json:"method"`
	Params  jsontext.Value `json:"params"`
}

type rpcParameters struct {
	Kind    string   `json:"kind"`
	SubID   string   `json:"subId"`
	Filters []string `json:"filters"`
}

type rpcReply struct {
	JSONRPC string         `json:"jsonrpc"`
	Result  *rpcResult     `json:"result,omitzero"`
	Error   *rpcError      `json:"error,omitzero"`
	ID      jsontext.Value `json:"id"`
}

type rpcResult struct {
	Status string `json:"status"`
	SubID  string `json:"subId"`
}

type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *rpcError) Error() string { return e.Message }

type rpcNotification struct {
	JSONRPC string            `json:"jsonrpc"`
	Method  string            `json:"method"`
	Params  rpcNotifiedParams `json:"params"`
}

type rpcNotifiedParams struct {
	SubID   string `json:"subId"`
	Payload any    `json:"payload"`
}

// noID is the id of an answer to a request that has none that could be read.
var noID = jsontext.Value("null")

func refusal(id jsontext.Value, err *rpcError) *rpcReply {
	return &rpcReply{JSONRPC: "2.0", Error: err, ID: id}
}

func success(id jsontext.Value, subID string) *rpcReply {
	return &rpcReply{JSONRPC: "2.0", Result: &rpcResult{Status: "OK", SubID: subID}, ID: id}
}

// parseCommand reads a request, or says what is wrong with it and which id the
// answer has.
func parseCommand(text []byte) (req rpcRequest, id jsontext.Value, err *rpcError) {
	if !jsontext.Value(text).IsValid() {
		return req, noID, &rpcError{rpcParse, "not valid JSON"}
	}
	if cashu.Decode(text, &req) != nil {
		return req, noID, &rpcError{rpcInvalid, "not a JSON-RPC request"}
	}
	switch kind := req.ID.Kind(); {
	case kind != '0' && kind != '"', len(req.ID) > 128:
		return req, noID, &rpcError{rpcInvalid, "id is not a number or a short string"}
	case req.JSONRPC != "2.0":
		return req, req.ID, &rpcError{rpcInvalid, "jsonrpc is not 2.0"}
	}
	return req, req.ID, nil
}

// command carries out a request. The answer is nil when it is in the inbox
// already.
func (s *socket) command(text []byte) *rpcReply {
	req, id, bad := parseCommand(text)
	if bad != nil {
		return refusal(id, bad)
	}
	var params rpcParameters
	if req.Method == "subscribe" || req.Method == "unsubscribe" {
		if req.Params.Kind() != '{' || cashu.Decode(req.Params, &params) != nil {
			return refusal(id, &rpcError{rpcParams, "params are malformed"})
		}
		if params.SubID == "" || len(params.SubID) > 128 {
			return refusal(id, &rpcError{rpcParams, "subId is missing or longer than 128 bytes"})
		}
	}
	switch req.Method {
	case "subscribe":
		if err := s.subscribe(id, params); err != nil {
			return refusal(id, err)
		}
		return nil
	case "unsubscribe":
		if err := s.unsubscribe(params.SubID); err != nil {
			return refusal(id, err)
		}
		return success(id, params.SubID)
	}
	return refusal(id, &rpcError{rpcMethod, "method is not known"})
}

// subscribeTimeout bounds the reading of the states at the beginning.
const subscribeTimeout = 20 * time.Second

func (s *socket) subscribe(id jsontext.Value, p rpcParameters) *rpcError {
	limits := s.api.sockets.limits
	switch {
	case s.subs[p.SubID] != nil:
		return &rpcError{rpcParams, "subId is in use"}
	case len(s.subs) >= limits.Subscriptions:
		return &rpcError{rpcParams, fmt.Sprintf("more than %d subscriptions", limits.Subscriptions)}
	case s.filters+len(p.Filters) > limits.Filters:
		return &rpcError{rpcParams, fmt.Sprintf("more than %d filters on one connection", limits.Filters)}
	}
	ctx, cancel := context.WithTimeout(s.ctx, subscribeTimeout)
	defer cancel()
	sub, err := s.api.mint.Subscribe(ctx, s.inbox, p.Kind, p.Filters, success(id, p.SubID))
	if err != nil {
		return s.why(err)
	}
	s.subs[p.SubID] = sub
	s.filters += sub.Topics()
	s.waiting.Store(0)
	return nil
}

func (s *socket) unsubscribe(subID string) *rpcError {
	sub := s.subs[subID]
	if sub == nil {
		return &rpcError{rpcParams, "subId is not known"}
	}
	delete(s.subs, subID)
	s.filters -= sub.Topics()
	s.inbox.Unsubscribe(sub)
	if len(s.subs) == 0 {
		s.waiting.Store(time.Now().UnixNano())
	}
	return nil
}

// why is what a wallet is told of a refused subscription.
func (s *socket) why(err error) *rpcError {
	e, ok := errors.AsType[*cashu.Error](err)
	switch {
	case ok && e.Code == cashu.CodeUnavailable:
		return &rpcError{rpcInternal, e.Detail}
	case ok && e.Code != cashu.CodeInternal:
		return &rpcError{rpcParams, e.Detail}
	case s.ctx.Err() == nil:
		s.api.log.Error("subscribing", "error", err)
	}
	return &rpcError{rpcInternal, "internal error"}
}

// encodeDelivery is the message for what came out of an inbox; nil: there is none.
func encodeDelivery(d events.Delivery) ([]byte, error) {
	if d.State == nil {
		if reply, ok := d.Note.(*rpcReply); ok && reply != nil {
			return cashu.Encode(reply)
		}
		return nil, nil
	}
	began, ok := d.Subscription.Note.(*rpcReply)
	if !ok || began.Result == nil {
		return nil, fmt.Errorf("a subscription that began with %T", d.Subscription.Note)
	}
	payload, err := payloadOf(d.State)
	if err != nil {
		return nil, err
	}
	return cashu.Encode(rpcNotification{
		JSONRPC: "2.0", Method: "subscribe", Params: rpcNotifiedParams{SubID: began.Result.SubID, Payload: payload},
	})
}

// payloadOf is what a wallet would get if it asked for the state.
func payloadOf(state events.State) (any, error) {
	switch s := state.(type) {
	case mint.ProofNews:
		return stateEntry(s.ProofRecord), nil
	case mint.MintQuoteNews:
		return quoteResponse(s.MintQuote), nil
	case mint.MeltQuoteNews:
		return meltAnswer(s.Melted), nil
	}
	return nil, fmt.Errorf("no payload for a %T", state)
}
