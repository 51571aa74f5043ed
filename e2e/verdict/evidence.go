package verdict

// Coin is a proof: its secret, its keyset and its worth.
type Coin struct {
	Secret string
	Keyset string
	Amount uint64
}

// Output is a blinded message and the coin that it becomes when it is signed.
type Output struct {
	Coin
	B string
}

// Signature is a blind signature with its proof of equality, as text.
type Signature struct {
	Keyset string
	Amount uint64
	C      string
	E, S   string
}

// Reply is one answer to a request. Status 0: none came.
type Reply struct {
	Status     int
	Code       int         // of the error, when the status is not 200
	Signatures []Signature // when it is
}

// Sight is what the mint showed of a request at one moment: the states of its
// inputs, in order, and what it restored, by B_.
type Sight struct {
	Inputs     []string
	Signatures map[string]Signature
}

// Request is a swap, or the issue of a quote, and its story.
type Request struct {
	Name    string
	Inputs  []Coin // of a swap
	Quote   string // of an issue
	Outputs []Output

	Replies []Reply // while the faults were at work
	Seen    Sight   // after recovery, before anybody asked again
	Repeats []Reply // the same bytes put again after that
	Then    *Sight  // after the repeats; nil: nobody looked
}

// Quote is what the mint shows of a mint quote at the end.
type Quote struct {
	ID     string
	Amount uint64
	Paid   uint64
	Issued uint64
}

// Liability is what the mint tells its operator about a keyset.
type Liability struct {
	Keyset      string
	Issued      uint64
	Redeemed    uint64
	Outstanding uint64
}

// Scene is everything about one fault.
type Scene struct {
	Requests    []*Request
	Quotes      []Quote
	Liabilities []Liability // after the repeats
	Sagas       []string    // unfinished operations after recovery
	// Excused are codes of refusals that the fault explains, such as that of an
	// inactive keyset after a rotation.
	Excused map[int]bool
}

// Report is the verdict. Anything in the three lists is a breach of promise.
type Report struct {
	// Done and Untouched count the requests whose fate the wallet could not know
	// from the answers.
	Done, Untouched int

	Lost    []string // somebody is poorer, or may not have what is theirs
	Created []string // somebody is richer
	Stuck   []string // recovery did not come to an end
}

// Clean tells that there was no breach.
func (r Report) Clean() bool { return len(r.Lost)+len(r.Created)+len(r.Stuck) == 0 }

const (
	codeSpent  = 11001
	codeIssued = 20002
)

// undecided are refusals that say: not now. They leave the fate open.
var undecided = map[int]bool{
	11002: true, // inputs pending
	11004: true, // outputs pending
	20001: true, // quote unpaid, as far as this replica knows
	20005: true, // quote pending
}

// Decided tells whether the reply settles the request for its wallet.
func (r Reply) Decided() bool { return r.Status == 200 || r.Status == 400 && !undecided[r.Code] }
