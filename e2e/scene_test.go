package e2e

import (
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"

	"mintmark/cashu"
	"mintmark/e2e/harness"
	"mintmark/e2e/verdict"
	"mintmark/mint/lightning/bolt11"
)

const (
	// recoveryPatience is how long a mint may need until nothing is pending.
	recoveryPatience = 60 * time.Second
	// sample is how many requests that had their answer are put again.
	sample = 24
	// many is what one checkstate or restore asks for.
	many = 1000
)

// judge ends a scene: it waits until recovery is over, looks at everything that
// was put since the last time, puts again what nobody got an answer to, looks
// again, and gives the verdict. began is when the mint had all it needs again.
func (f *force) judge(began time.Time) (verdict.Report, time.Duration) {
	f.t.Helper()
	f.halt()
	f.settle()
	took := time.Since(began)

	scene := verdict.Scene{Excused: f.excused, Expired: f.expired}
	f.mu.Lock()
	requests := f.requests
	touched := make([]string, 0, len(f.quotes))
	for id, now := range f.quotes {
		if now {
			touched = append(touched, id)
			f.quotes[id] = false
		}
	}
	f.requests, f.refusals, f.granted = nil, map[int]int{}, 0
	f.mu.Unlock()

	sights := f.look(requests)
	for i, r := range requests {
		r.Seen = sights[i]
		scene.Requests = append(scene.Requests, &r.Request)
	}
	repeated := f.repeat(requests)
	for i, sight := range f.look(repeated) {
		repeated[i].Then = &sight
	}
	scene.Quotes = f.lookAtQuotes(touched)
	scene.Payments = f.payments()
	var err error
	if scene.Liabilities, err = f.liabilities(); err != nil {
		f.t.Error(err)
	}
	sagas, err := f.stacks[f.alive()].Sagas()
	if err != nil {
		f.t.Error(err)
	}
	for _, s := range sagas {
		scene.Sagas = append(scene.Sagas, fmt.Sprintf("%+v", s))
	}
	// A request that is open or whose quote is, belongs to the next scene too.
	f.mu.Lock()
	for _, w := range f.workers {
		if w.quote != "" {
			f.quotes[w.quote] = true
		}
	}
	f.mu.Unlock()
	report := f.book.Judge(scene)
	f.complain(report)
	f.excused, f.expired = nil, false
	return report, took
}

// sagas are the ids of unfinished operations, as a replica sees them.
func (f *force) sagas(replica int) map[string]bool {
	f.t.Helper()
	list, err := f.stacks[replica].Sagas()
	if err != nil {
		f.t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, s := range list {
		ids[s.Operation] = true
	}
	return ids
}

// alive is the first replica that is neither dead nor frozen.
func (f *force) alive() int {
	for i, s := range f.stacks {
		if s.Mintd.Running() && !s.Mintd.Frozen() {
			return i
		}
	}
	return 0
}

func (f *force) complain(report verdict.Report) {
	f.t.Helper()
	for what, list := range map[string][]string{"LOST": report.Lost, "CREATED": report.Created, "STUCK": report.Stuck, "PAID TWICE": report.Twice} {
		for i, line := range list {
			if i == 10 {
				f.t.Errorf("%s: and %d more", what, len(list)-i)
				break
			}
			f.t.Errorf("%s: %s", what, line)
		}
	}
}

// settle waits until the mint works, no operation is unfinished and nothing that
// a wallet waits for is pending. What does not settle, the judge will see.
func (f *force) settle() {
	f.t.Helper()
	var pending []cashu.Proof
	for _, w := range f.workers {
		for _, r := range w.open {
			pending = append(pending, r.inputs...)
		}
	}
	for deadline := time.Now().Add(recoveryPatience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		var health struct {
			Status string `json:"status"`
		}
		if !fetch(f.fronts[f.alive()], "/health", &health) || health.Status != "ok" {
			continue
		}
		for _, w := range f.workers {
			for _, r := range w.open {
				if r.Melt != nil {
					f.hurry(f.fronts[f.alive()], r)
				}
			}
		}
		if len(pending) > 0 && slices.Contains(f.states(pending), "PENDING") {
			continue
		}
		if sagas, err := f.stacks[f.alive()].Sagas(); err == nil && len(sagas) == 0 {
			return
		}
	}
}

func (f *force) states(proofs []cashu.Proof) []string {
	var states []string
	for part := range slices.Chunk(proofs, many) {
		states = append(states, f.fronts[f.alive()].States(part)...)
	}
	return states
}

// look asks for the states of all inputs and the signatures of all outputs.
func (f *force) look(requests []*request) []verdict.Sight {
	f.t.Helper()
	var inputs []cashu.Proof
	var outputs []harness.Output
	for _, r := range requests {
		inputs = append(inputs, r.inputs...)
		outputs = append(outputs, r.outputs...)
	}
	states := f.states(inputs)
	signatures := map[string]verdict.Signature{}
	for part := range slices.Chunk(outputs, many) {
		found, sigs := f.fronts[f.alive()].Restore(part)
		for i, o := range found {
			signatures[o.B.String()] = asText(sigs[i])
		}
	}
	sights := make([]verdict.Sight, len(requests))
	for i, r := range requests {
		sights[i] = verdict.Sight{Inputs: states[:len(r.inputs)], Signatures: map[string]verdict.Signature{}}
		states = states[len(r.inputs):]
		for _, o := range r.Outputs {
			if sig, ok := signatures[o.B]; ok {
				sights[i].Signatures[o.B] = sig
			}
		}
	}
	f.lookAtMelts(requests, sights)
	return sights
}

// repeat puts again, twice, all that is open and a few that had their answer,
// and returns what it put.
func (f *force) repeat(requests []*request) []*request {
	var all []*request
	var group sync.WaitGroup
	again := func(list []*request, w *worker) {
		all = append(all, list...)
		group.Go(func() {
			for range 2 {
				for _, r := range list {
					r.Repeats = append(r.Repeats, f.insist(r))
				}
			}
			if w != nil {
				w.resolve()
			}
		})
	}
	open := map[*request]bool{}
	for _, w := range f.workers {
		for _, r := range w.open {
			open[r] = true
		}
		if len(w.open) > 0 {
			again(slices.Clone(w.open), w)
		}
	}
	for n, i := 0, 0; i < len(requests) && n < sample; i += 1 + len(requests)/sample {
		if r := requests[i]; !open[r] && r.done {
			again([]*request{r}, nil)
			n++
		}
	}
	group.Wait()
	for _, w := range f.workers {
		if len(w.open) > 0 { // the judge will say so; it is not tried for ever
			w.open, w.purse = nil, nil
		}
	}
	return all
}

// insist puts a request until the answer decides.
func (f *force) insist(r *request) (reply verdict.Reply) {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if reply = f.put(f.fronts[f.alive()], r); reply.Decided() {
			break
		}
	}
	return reply
}

func (f *force) lookAtQuotes(ids []string) []verdict.Quote {
	f.t.Helper()
	list := make([]verdict.Quote, 0, len(ids))
	var invoices []string
	for _, id := range ids {
		q := f.fronts[f.alive()].ReadMint(id)
		paid, issued := q.Totals(0)
		list = append(list, verdict.Quote{ID: id, Amount: uint64(q.Amount), Paid: uint64(paid), Issued: uint64(issued)})
		invoices = append(invoices, q.Request)
	}
	received := f.stack.Received()
	for i := range list {
		v, err := bolt11.Decode(invoices[i])
		if err != nil {
			f.t.Fatal(err)
		}
		list[i].Received = uint64(received[hex.EncodeToString(v.PaymentHash[:])])
	}
	return list
}

func (f *force) liabilities() ([]verdict.Liability, error) {
	told, err := f.stacks[f.alive()].Liabilities()
	list := make([]verdict.Liability, len(told))
	for i, l := range told {
		list[i] = verdict.Liability{Keyset: l.Keyset, Issued: l.Issued, Redeemed: l.Redeemed, Outstanding: l.Outstanding}
	}
	return list, err
}

// close is the last look at every coin and every quote there ever was.
func (f *force) close() verdict.Report {
	f.t.Helper()
	states := map[string]string{}
	coins := append(f.book.Unspent(), f.book.Spent()...)
	for part := range slices.Chunk(coins, many) {
		proofs := make([]cashu.Proof, len(part))
		for i, c := range part {
			proofs[i].Secret = c.Secret
		}
		for i, state := range f.fronts[f.alive()].States(proofs) {
			states[part[i].Secret] = state
		}
	}
	var ids []string
	for id := range f.quotes {
		ids = append(ids, id)
	}
	report := f.book.Close(states, f.lookAtQuotes(ids), f.payments())
	f.complain(report)
	return report
}
