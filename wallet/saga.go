package wallet

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"

	"mintmark/cashu"
)

// Saga is an operation in progress, as it survives a crash. A row exists only
// while the operation is unfinished: whatever ends it removes the row in the same
// commit.
//
// Version is the optimistic lock. Whoever changes or removes the row says which
// version it has read; if the row has moved on, somebody else handled the saga,
// and the loser leaves it and everything that belongs to it alone.
type Saga struct {
	ID      uuid.UUID // version 7, so ids sort by creation
	Kind    Kind      // follows from State
	State   State
	Amount  cashu.Amount // in Unit
	MintURL string
	Unit    cashu.Unit
	QuoteID string // of a mint or a melt, taken from Data; else empty
	Created int64  // unix seconds
	Updated int64  // unix seconds
	Data    OperationData
	Version uint32
}

// NewSaga starts a saga of version 0. Kind and quote follow from state and data,
// which must be of one kind.
func NewSaga(id uuid.UUID, state State, amount cashu.Amount, mintURL string, unit cashu.Unit, data OperationData, now time.Time) (Saga, error) {
	s := Saga{
		ID: id, Kind: state.Kind(), State: state, Amount: amount, MintURL: mintURL, Unit: unit,
		Created: now.Unix(), Updated: now.Unix(), Data: data,
	}
	if data != nil {
		s.QuoteID = data.QuoteID()
	}
	return s, s.Validate()
}

// Validate tells what is wrong with a saga that was put together by hand or read
// from a database.
func (s Saga) Validate() error {
	switch {
	case s.ID == uuid.Nil:
		return errors.New("a saga needs an id")
	case !s.State.valid():
		return errors.New("a saga needs a state")
	case s.Kind != s.State.Kind():
		return fmt.Errorf("a saga of the kind %q cannot be in the state %v of %q", s.Kind, s.State, s.State.Kind())
	case s.Data == nil:
		return errors.New("a saga needs data")
	case s.Data.Kind() != s.Kind:
		return fmt.Errorf("a saga of the kind %q cannot have data of %q", s.Kind, s.Data.Kind())
	case s.QuoteID != s.Data.QuoteID():
		return errors.New("a saga and its data name different quotes")
	}
	return nil
}

// UpdateState sets state, kind and time, and adds one to the version, together.
// The caller stores it with UpdateSaga, which succeeds only if the stored version
// is still the one before.
func (s *Saga) UpdateState(to State, now time.Time) error {
	if s.Version == math.MaxUint32 {
		return errors.New("a saga has no version left")
	}
	if kind := s.State.Kind(); to.Kind() != kind {
		return fmt.Errorf("a saga of the kind %q cannot go to a state of %q", kind, to.Kind())
	}
	s.State, s.Kind, s.Updated = to, to.Kind(), now.Unix()
	s.Version++
	return nil
}
