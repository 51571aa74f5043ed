package mint

import "fmt"

// The saga's rules, free of I/O and of time: which step may follow which, and
// what recovery has to do about what it finds.

// next checks a step of the strictly linear machine
// Initial → SetupComplete → Signed → Completed.
func (s SagaState) next(to SagaState) error {
	if to != s+1 || to > SagaCompleted {
		return fmt.Errorf("saga step from %v to %v: %w", s, to, ErrForbiddenState)
	}
	return nil
}

// advance takes one step in memory.
func (s *Saga) advance(to SagaState) error {
	if err := s.State.next(to); err != nil {
		return err
	}
	s.State = to
	return nil
}

// verdict is what recovery does about an unfinished saga.
type verdict uint8

const (
	// verdictUndo: nothing was finished. Remove what was reserved.
	verdictUndo verdict = iota + 1
	// verdictDrop: everything was finished. Only the saga row is left over.
	verdictDrop
	// verdictImpossible: half of it was finished, which no commit of ours can
	// produce. Keep everything and call the operator.
	verdictImpossible
)

func (v verdict) String() string {
	switch v {
	case verdictUndo:
		return "undo"
	case verdictDrop:
		return "drop"
	case verdictImpossible:
		return VerdictImpossible
	}
	return "unknown"
}

// judge decides from facts alone. Reserving and finishing are one commit each,
// so an operation is either wholly reserved or wholly finished.
func judge(op Operation, f OperationFacts) verdict {
	switch {
	case f.ProofsPending == op.Inputs && f.OutputsUnsigned == op.Outputs:
		return verdictUndo
	case f.ProofsPending == 0 && f.OutputsUnsigned == 0:
		return verdictDrop
	}
	return verdictImpossible
}

// VerdictImpossible is the verdict that waits for an operator.
const VerdictImpossible = "impossible"

// Verdict says what recovery makes of the facts: "undo", "drop" or
// VerdictImpossible.
func Verdict(op Operation, f OperationFacts) string { return judge(op, f).String() }
