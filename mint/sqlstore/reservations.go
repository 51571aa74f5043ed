package sqlstore

import (
	"sync"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
)

// maxReservations is how many operations are remembered at most.
const maxReservations = 4096

// reservedOutput is a message and its place.
type reservedOutput struct {
	b bdhke.Point
	unsignedOutput
}

// reservations remembers which outputs the running operations of this process
// have reserved, for the transaction that signs them. It is a guess, not the
// truth: another process may have taken an operation over, so whoever uses it
// lets the database confirm it.
type reservations struct {
	mu  sync.Mutex
	ops map[mint.OperationRef][]reservedOutput
}

// learn remembers what was committed.
func (r *reservations) learn(fresh map[mint.OperationRef][]reservedOutput) {
	for ref, outputs := range fresh {
		if len(outputs) == 0 {
			continue
		}
		r.mu.Lock()
		if r.ops == nil || len(r.ops) >= maxReservations { // left by operations that others have ended
			r.ops = map[mint.OperationRef][]reservedOutput{}
		}
		r.ops[ref] = outputs
		r.mu.Unlock()
	}
}

// forget is for outputs that are about to change.
func (r *reservations) forget(ref mint.OperationRef) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.ops, ref)
}

// take forgets the outputs of an operation as well, and returns their places if
// they are the given ones in the same order. A second try of the transaction
// finds nothing and has to read.
func (r *reservations) take(ref mint.OperationRef, outputs []cashu.BlindedMessage) []unsignedOutput {
	r.mu.Lock()
	reserved := r.ops[ref]
	delete(r.ops, ref)
	r.mu.Unlock()
	if len(reserved) != len(outputs) {
		return nil
	}
	places := make([]unsignedOutput, len(outputs))
	for i, o := range reserved {
		if o.b != outputs[i].B {
			return nil
		}
		places[i] = o.unsignedOutput
	}
	return places
}
