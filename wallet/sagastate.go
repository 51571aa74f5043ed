package wallet

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Kind is what an operation does. The strings are stored: append only.
type Kind string

const (
	KindSend    Kind = "send"
	KindReceive Kind = "receive"
	KindSwap    Kind = "swap"
	KindMint    Kind = "mint" // its states are of the type "issue"
	KindMelt    Kind = "melt"
)

// ParseKind reads one of the five kinds; anything else is an error.
func ParseKind(s string) (Kind, error) {
	switch k := Kind(s); k {
	case KindSend, KindReceive, KindSwap, KindMint, KindMelt:
		return k, nil
	}
	return "", fmt.Errorf("unknown kind of operation %q", s)
}

// State is the step that a saga has reached. Its zero value is no state. On disk
// it is {"type":…,"state":…}, never its number.
type State uint8

const (
	// SendProofsReserved: coins are set aside, nobody has seen them.
	SendProofsReserved State = iota + 1
	// SendTokenCreated: the token may be in somebody's hands.
	SendTokenCreated
	// SendRollingBack: the wallet is taking the token's coins back.
	SendRollingBack

	// ReceiveProofsPending: somebody's coins are written down, and not ours yet.
	ReceiveProofsPending
	// ReceiveSwapRequested: the mint may have exchanged them.
	ReceiveSwapRequested

	// SwapProofsReserved: inputs are set aside and outputs planned.
	SwapProofsReserved
	// SwapSwapRequested: the mint may have exchanged them.
	SwapSwapRequested

	// IssueSecretsPrepared: outputs are planned for a quote.
	IssueSecretsPrepared
	// IssueMintRequested: the mint may have signed them.
	IssueMintRequested

	// MeltProofsReserved: inputs are set aside for a quote.
	MeltProofsReserved
	// MeltMeltRequested: the mint may be paying.
	MeltMeltRequested
	// MeltPaymentPending: the mint has said that it is paying.
	MeltPaymentPending
)

// stateNames gives each state its two words on disk and its kind.
var stateNames = [...]struct {
	family, step string
	kind         Kind
}{
	SendProofsReserved:   {"send", "proofs_reserved", KindSend},
	SendTokenCreated:     {"send", "token_created", KindSend},
	SendRollingBack:      {"send", "rolling_back", KindSend},
	ReceiveProofsPending: {"receive", "proofs_pending", KindReceive},
	ReceiveSwapRequested: {"receive", "swap_requested", KindReceive},
	SwapProofsReserved:   {"swap", "proofs_reserved", KindSwap},
	SwapSwapRequested:    {"swap", "swap_requested", KindSwap},
	IssueSecretsPrepared: {"issue", "secrets_prepared", KindMint},
	IssueMintRequested:   {"issue", "mint_requested", KindMint},
	MeltProofsReserved:   {"melt", "proofs_reserved", KindMelt},
	MeltMeltRequested:    {"melt", "melt_requested", KindMelt},
	MeltPaymentPending:   {"melt", "payment_pending", KindMelt},
}

// States lists all twelve, in the order of their numbers.
func States() []State {
	all := make([]State, 0, len(stateNames)-1)
	for s := range stateNames[1:] {
		all = append(all, State(s+1))
	}
	return all
}

// ParseState finds the state of a family ("send", "receive", "swap", "issue",
// "melt") and a step; an unknown one is an error.
func ParseState(family, step string) (State, error) {
	for _, s := range States() {
		if n := stateNames[s]; n.family == family && n.step == step {
			return s, nil
		}
	}
	return 0, fmt.Errorf("unknown state %q of %q", step, family)
}

func (s State) valid() bool { return s >= SendProofsReserved && int(s) < len(stateNames) }

// Kind is the kind of operation that has this state; empty for no state.
func (s State) Kind() Kind {
	if !s.valid() {
		return ""
	}
	return stateNames[s].kind
}

// Family is the type in the stored form, which is "issue" where the kind is
// "mint".
func (s State) Family() string {
	if !s.valid() {
		return ""
	}
	return stateNames[s].family
}

// String is the step's word, such as "proofs_reserved".
func (s State) String() string {
	if !s.valid() {
		return "none"
	}
	return stateNames[s].step
}

// Sent tells that a request of the saga may have left for the mint, so that only
// evidence from the mint decides what became of it.
func (s State) Sent() bool {
	switch s {
	case SendProofsReserved, ReceiveProofsPending, SwapProofsReserved, IssueSecretsPrepared, MeltProofsReserved:
		return false
	}
	return s.valid()
}

// storedState is the tagged form on disk.
type storedState struct {
	Type  string `json:"type"`
	State string `json:"state"`
}

// MarshalJSONTo writes {"type":"issue","state":"mint_requested"}.
func (s State) MarshalJSONTo(e *jsontext.Encoder) error {
	if !s.valid() {
		return fmt.Errorf("state number %d does not exist", uint8(s))
	}
	return json.MarshalEncode(e, storedState{s.Family(), s.String()})
}

// UnmarshalJSONFrom reads the same; unknown words are an error.
func (s *State) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	var stored storedState
	if err := json.UnmarshalDecode(d, &stored); err != nil {
		return err
	}
	state, err := ParseState(stored.Type, stored.State)
	if err != nil {
		return err
	}
	*s = state
	return nil
}
