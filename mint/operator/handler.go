package operator

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"mintmark/cashu"
	"mintmark/mint"
)

// request is the body of every call. Which fields count depends on the call.
type request struct {
	Operation uuid.UUID      `json:"operation,omitzero"`
	Evidence  Evidence       `json:"evidence,omitzero"`
	Decision  Decision       `json:"decision,omitzero"`
	Recount   bool           `json:"recount,omitzero"`
	Keyset    cashu.KeysetID `json:"keyset,omitzero"`
	Allow     bool           `json:"allow,omitzero"`
	Name      string         `json:"name,omitzero"`
	Value     string         `json:"value,omitzero"`
	Terms     mint.Terms     `json:"terms,omitzero"`
	Aside     mint.SetAside  `json:"aside,omitzero"`
	Limit     int            `json:"limit,omitzero"`
}

// The calls, as paths below the socket.
const (
	pathSagas       = "/sagas"
	pathResolve     = "/sagas/resolve"
	pathEvidence    = "/sagas/evidence"
	pathDecisions   = "/decisions"
	pathLiabilities = "/liabilities"
	pathOverRedeem  = "/over-redeem"
	pathSettings    = "/settings"
	pathSetting     = "/setting"
	pathSet         = "/setting/set"
	pathSay         = "/terms/say"
	pathPayments    = "/payments"

	pathAcceptMemory = "/payments/accept-memory"
	pathAside        = "/payments/aside"
	pathSettleAside  = "/payments/aside/settle"
)

// maxBody is far above the longest mint info.
const maxBody = 1 << 20

// Handler serves an Operator over HTTP, for a unix socket that nobody else can
// open. Its answers are for Remote and may change with it. Errors are shown as
// they are: whoever asks runs the mint.
func Handler(op Operator) http.Handler {
	mux := http.NewServeMux()
	handle := func(path string, do func(ctx context.Context, r request) (any, error)) {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, hr *http.Request) {
			var r request
			err := json.UnmarshalRead(http.MaxBytesReader(w, hr.Body, maxBody), &r, json.RejectUnknownMembers(true))
			if err != nil {
				http.Error(w, "the request cannot be read: "+err.Error(), http.StatusBadRequest)
				return
			}
			answer, err := do(hr.Context(), r)
			if err != nil {
				http.Error(w, err.Error(), statusOf(err))
				return
			}
			body, err := json.Marshal(answer)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			_, _ = w.Write(body)
		})
	}
	handle(pathSagas, func(ctx context.Context, _ request) (any, error) { return op.Sagas(ctx) })
	handle(pathResolve, func(ctx context.Context, r request) (any, error) {
		return nil, op.Resolve(ctx, r.Evidence, r.Decision, r.Value)
	})
	handle(pathEvidence, func(ctx context.Context, r request) (any, error) { return op.Evidence(ctx, r.Operation) })
	handle(pathDecisions, func(ctx context.Context, r request) (any, error) { return op.Decisions(ctx, r.Limit) })
	handle(pathLiabilities, func(ctx context.Context, r request) (any, error) { return op.Liabilities(ctx, r.Recount) })
	handle(pathOverRedeem, func(ctx context.Context, r request) (any, error) {
		return nil, op.AllowOverRedeem(ctx, r.Keyset, r.Allow)
	})
	handle(pathSettings, func(ctx context.Context, _ request) (any, error) { return op.Settings(ctx) })
	handle(pathSetting, func(ctx context.Context, r request) (any, error) { return op.Setting(ctx, r.Name) })
	handle(pathSet, func(ctx context.Context, r request) (any, error) { return nil, op.Set(ctx, r.Name, r.Value) })
	handle(pathSay, func(ctx context.Context, r request) (any, error) { return nil, op.Say(ctx, r.Terms) })
	handle(pathAcceptMemory, func(ctx context.Context, r request) (any, error) { return nil, op.AcceptMemory(ctx, r.Name, r.Value) })
	handle(pathAside, func(ctx context.Context, _ request) (any, error) { return op.Aside(ctx) })
	handle(pathSettleAside, func(ctx context.Context, r request) (any, error) { return nil, op.SettleAside(ctx, r.Aside, r.Value) })
	handle(pathPayments, func(ctx context.Context, _ request) (any, error) { return op.Payments(ctx) })
	return mux
}

func statusOf(err error) int {
	if errors.Is(err, ErrNotStuck) {
		return http.StatusConflict
	}
	return http.StatusUnprocessableEntity
}
