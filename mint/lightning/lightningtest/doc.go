// Package lightningtest is the suite that every payment backend must pass: what
// the docstrings of lightning.Receiver and lightning.Payer promise, one sentence a
// case. A backend's own test describes the world around it, which is who pays its
// requests and whom it can pay, and calls Run.
//
// The suite trusts the World and nothing that the backend says of itself: where
// the world can tell what a payee got, it is asked. It waits for what may take a
// while and never assumes how long; a slow machine makes it slow and not red.
//
// The suite knows BOLT 11 only. It must never assume that it is alone: other cases
// may use the same node at the same time, so it looks at payments of its own only.
package lightningtest

import (
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
)

// World is what surrounds the backend of one case. The functions report what goes
// wrong with them to t and may be called at any time, also while the backend is
// closed, unless it says otherwise.
type World struct {
	// Unit of the requests and payments. "" = sat.
	Unit cashu.Unit
	// Network of the invoices that the backend makes and pays.
	Network bolt11.Network
	// Open opens the backend. Called again after Close it opens the same one,
	// with the same memory: that is a restart of the mint. The suite closes it.
	Open func(t testing.TB) lightning.Backend
	// Forget makes the memory of the backend go away while it is closed, as
	// when a disk is lost. nil: it has none beside its node's.
	Forget func(t testing.TB)
	// Pay lets somebody outside pay a request of the backend, and returns when he
	// has, or why he could not. msat is his choice where the request leaves it
	// open, else zero.
	Pay func(t testing.TB, v lightning.Invoice, msat uint64) error
	// Payee lets somebody outside ask for a payment.
	Payee func(t testing.TB, w Wish) string
	// Release makes a payee who Holds take what he holds, or not. It waits until
	// there is something to release. nil: nobody holds.
	Release func(t testing.TB, request string, take bool)
	// Arrived tells whether a payment has reached a payee who Holds. nil: it has as soon
	// as the backend calls it pending.
	Arrived func(t testing.TB, request string) bool
	// Received tells how much the payee of a request got, in thousandths of a
	// satoshi. nil: nobody can tell.
	Received func(t testing.TB, request string) uint64
	// PayPart lets another payer pay the rest of a request of which the backend
	// pays a part, and returns when he has. nil: parts stand for themselves.
	PayPart func(t testing.TB, request string, msat uint64) error
	// Fake: no money moves, so proofs prove nothing, and invoices of any network
	// and age are paid.
	Fake bool
	// Alone: no other case uses the same node, and it has a balance.
	Alone bool
	// FeesCost: paying a payee who Takes costs a fee.
	FeesCost bool
}

// Wish says what a payee asks for and what he will do.
type Wish struct {
	// Msat asked for; 0 leaves it to the payer.
	Msat uint64
	// Conduct when he is paid.
	Conduct Conduct
}

// Conduct is what a payee does.
type Conduct uint8

// What a payee can do.
const (
	Takes   Conduct = iota // takes the payment at once
	Holds                  // neither takes it nor refuses it until Release
	Refuses                // cannot be paid: out of reach, or unwilling
)

// patience is how long the suite waits for what has to happen, and calm how long
// it watches that something does not.
const (
	patience = time.Minute
	calm     = 200 * time.Millisecond
)

// testCase is one sentence.
type testCase struct {
	name string
	run  func(*scene)
	// needs is what the world must be able to do; nil = nothing special.
	needs func(World) bool
}

// Run runs the suite; world is called once for every case. Cases that a world
// cannot play are named in the log.
func Run(t *testing.T, world func(t testing.TB) World) {
	t.Helper()
	for _, c := range allCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, world(t))
			if c.needs != nil && !c.needs(s.World) {
				t.Log("this world cannot play this case")
				return
			}
			c.run(s)
		})
	}
}

func allCases() []testCase {
	var all []testCase
	for _, room := range [][]testCase{invoiceCases(), incomingCases(), watchCases(), closeCases(), quoteCases(), paymentCases(), doubtCases(), partCases(), balanceCases()} {
		all = append(all, room...)
	}
	return all
}
