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
	Signatures []Signature // when it is; of a melt, its change
	State      string      // of the quote of a melt, when the status is 200
}

// Sight is what the mint showed of a request at one moment: the states of its
// inputs, in order, and what it restored, by B_.
type Sight struct {
	Inputs     []string
	Signatures map[string]Signature
	Melt       string      // state of its melt quote
	Change     []Signature // that the melt quote tells of
}

// Melt is what a request pays.
type Melt struct {
	Quote  string // that offers it
	Method string // how it is paid
	Debt   string // what must not be paid twice: the payment hash, or another name of one request
	Amount uint64 // to the payee
	Fee    uint64 // on the inputs, for the mint
	Within string // the mint quote that asks for it, if it is one of this mint
	Fails  bool   // the payee's node is going to refuse
}

// Payment is what the payees' node tells of one debt. It does not know the mint.
type Payment struct {
	Times  int    // that it was paid
	Amount uint64 // that arrived, in all
	Fee    uint64 // that it cost on top, in all
	Again  bool   // somebody tried to pay what was paid
	Open   bool   // it may be paid yet
}

// Request is a swap, the issue of a quote, or a melt, and its story.
type Request struct {
	Name    string
	Inputs  []Coin   // of a swap or melt
	Quote   string   // of an issue
	Melt    *Melt    // of a melt
	Outputs []Output // of a melt: blanks, of no amount

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
	// Received is what the node that made its invoice has got for it from outside,
	// or is about to get.
	Received uint64
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
	// Payments are the debts of which the payees' node knows, by name.
	Payments map[string]Payment
	// Expired: a keyset has come to its end. A melt that was under way gives no
	// change on such a one, for nobody could spend it.
	Expired bool
	// Excused are codes of refusals that the fault explains, such as that of an
	// inactive keyset after a rotation.
	Excused map[int]bool
}

// Report is the verdict. Anything in the lists is a breach of promise.
type Report struct {
	// Done and Untouched count the requests whose fate the wallet could not know
	// from the answers.
	Done, Untouched int

	Lost    []string // somebody is poorer, or may not have what is theirs
	Created []string // somebody is richer
	Stuck   []string // recovery did not come to an end
	Twice   []string // something was paid twice
}

// Clean tells that there was no breach.
func (r Report) Clean() bool { return len(r.Lost)+len(r.Created)+len(r.Stuck)+len(r.Twice) == 0 }

const (
	codeSpent  = 11001
	codeIssued = 20002
	codeFailed = 20004
	codePaid   = 20006
)

// undecided are refusals that say: not now. They leave the fate open.
var undecided = map[int]bool{
	11002: true, // inputs pending
	11004: true, // outputs pending
	20001: true, // quote unpaid, as far as this replica knows
	20005: true, // quote pending
}

// Decided tells whether the reply settles the request for its wallet.
func (r Reply) Decided() bool {
	return r.Status == 200 && r.State != pending || r.Status == 400 && !undecided[r.Code]
}

const (
	pending = "PENDING"
	paid    = "PAID"
)
