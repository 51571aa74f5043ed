package e2e

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/e2e/harness"
	"mintmark/e2e/verdict"
)

// force is a mint with many wallets at work on it, to which faults are done. It
// writes down every request and every answer, and gathers the evidence for the
// verdict.
type force struct {
	t     testing.TB
	stack *harness.Stack // the first of the replicas, and the signatory of all
	// stacks are the replicas of the mint, fronts the ways of wallets to them. A
	// wallet that gets no answer from one turns to the next.
	stacks  []*harness.Stack
	fronts  []*harness.Wallet
	workers []*worker
	noMelts bool
	book    verdict.Book
	excused map[int]bool // in this scene

	stop func() // ends the load and waits for the workers; nil when there is none

	mu       sync.Mutex
	keysets  map[cashu.KeysetID]cashu.Keyset
	active   cashu.KeysetID // id of the keyset that outputs are made for
	requests []*request
	quotes   map[string]bool // all that any wallet ever had; true: touched in this scene
	expired  bool            // a keyset has, in this scene
	refusals map[int]int     // answers in this scene by error code, 0 = none, negative = HTTP status from 500 on
	granted  int             // answers in this scene that were 200
	serial   int
}

// request is one request with its story.
type request struct {
	verdict.Request
	path    string
	body    any
	inputs  []cashu.Proof
	outputs []harness.Output
	granted []cashu.BlindSignature // the last that came
	done    bool                   // it was granted
	payee   string                 // the mint quote that a melt pays
}

func newForce(t testing.TB, stack *harness.Stack, workers int, replicas ...*harness.Stack) *force {
	f := &force{
		t: t, stack: stack, keysets: map[cashu.KeysetID]cashu.Keyset{}, quotes: map[string]bool{}, refusals: map[int]int{},
	}
	for _, s := range append([]*harness.Stack{stack}, replicas...) {
		f.stacks = append(f.stacks, s)
		f.fronts = append(f.fronts, s.Wallet())
	}
	f.refresh(f.fronts[0])
	for i := range workers {
		f.workers = append(f.workers, &worker{f: f, front: i})
	}
	return f
}

// run lets the wallets work until halt.
func (f *force) run() {
	ctx, cancel := context.WithCancel(f.t.Context())
	var group sync.WaitGroup
	for i, w := range f.workers {
		w.front = i // also to a replica that was gone the last time
		group.Go(func() {
			for ctx.Err() == nil {
				w.step()
			}
		})
	}
	f.stop = func() {
		cancel()
		group.Wait()
	}
}

// halt ends the load. What is under way gets its answer, or none.
func (f *force) halt() {
	if f.stop != nil {
		f.stop()
		f.stop = nil
	}
}

// refresh learns of the active keyset, also when the mint is in no good state.
func (f *force) refresh(w *harness.Wallet) {
	k, err := w.ActiveKeyset()
	if err != nil {
		return
	}
	f.mu.Lock()
	f.active = k.ID
	f.keysets[k.ID] = k
	f.mu.Unlock()
}

func fetch(w *harness.Wallet, path string, out any) bool {
	reply, err := w.Get(path)
	return err == nil && reply.Status == 200 && cashu.Decode([]byte(reply.Body), out) == nil
}

// keyset returns the active keyset.
func (f *force) keyset() cashu.Keyset {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.keysets[f.active]
}

// prepare writes a request down before it is put for the first time.
func (f *force) prepare(kind string, inputs []cashu.Proof, quote string, outputs []harness.Output) *request {
	r := &request{inputs: inputs, outputs: outputs}
	r.Quote = quote
	if quote != "" {
		r.path, r.body = "/v1/mint/bolt11", cashu.MintRequest{Quote: quote, Outputs: harness.Messages(outputs)}
	} else {
		r.path, r.body = "/v1/swap", cashu.SwapRequest{Inputs: inputs, Outputs: harness.Messages(outputs)}
	}
	f.enter(kind, r)
	return r
}

// enter gives a request its name and the judge all that he has to know of it.
func (f *force) enter(kind string, r *request) {
	inputs, outputs, quote := r.inputs, r.outputs, r.Quote
	for _, p := range inputs {
		r.Inputs = append(r.Inputs, verdict.Coin{Secret: p.Secret, Keyset: p.ID.String(), Amount: uint64(p.Amount)})
	}
	for _, o := range outputs {
		r.Outputs = append(r.Outputs, verdict.Output{
			Coin: verdict.Coin{Secret: o.Secret, Keyset: o.ID.String(), Amount: uint64(o.Amount)}, B: o.B.String(),
		})
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.serial++
	r.Name = fmt.Sprintf("%s %d", kind, f.serial)
	f.requests = append(f.requests, r)
	for _, id := range []string{quote, r.payee} {
		if id != "" {
			f.quotes[id] = true
		}
	}
}

// put sends the request once.
func (f *force) put(w *harness.Wallet, r *request) verdict.Reply {
	got, err := w.Post(r.path, r.body)
	reply := verdict.Reply{}
	if err == nil {
		reply = verdict.Reply{Status: got.Status, Code: got.Code}
	}
	if reply.Status == 200 {
		var sigs []cashu.BlindSignature
		if r.Melt != nil {
			sigs, reply.State = f.readMelted(r, got.Body)
		} else {
			sigs = f.readSignatures(r, got.Body)
		}
		if reply.Decided() {
			r.granted, r.done = sigs, true
		}
		reply.Signatures = asTexts(sigs)
	}
	f.count(reply.Status, reply.Code)
	if r.Melt != nil && !reply.Decided() {
		f.hurry(w, r)
	}
	return reply
}

func (f *force) readSignatures(r *request, text string) []cashu.BlindSignature {
	var body cashu.SwapResponse
	if err := cashu.Decode([]byte(text), &body); err != nil {
		f.t.Errorf("%s: reading %s: %v", r.Name, text, err)
	}
	return body.Signatures
}

// count counts an answer.
func (f *force) count(status, code int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case status >= 500:
		f.refusals[-status]++
	case status == 200:
		f.granted++
	default:
		f.refusals[code]++
	}
}

// refused tells how often a code was answered in this scene.
func (f *force) refused(code int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.refusals[code]
}

func asTexts(sigs []cashu.BlindSignature) (texts []verdict.Signature) {
	for _, sig := range sigs {
		texts = append(texts, asText(sig))
	}
	return texts
}

func asText(s cashu.BlindSignature) verdict.Signature {
	text := verdict.Signature{Keyset: s.ID.String(), Amount: uint64(s.Amount), C: s.C.String()}
	if s.DLEQ != nil {
		text.E, text.S = hex.EncodeToString(s.DLEQ.E[:]), hex.EncodeToString(s.DLEQ.S[:])
	}
	return text
}

// coins turns the signatures of a granted request into proofs, and checks each.
func (f *force) coins(r *request) []cashu.Proof {
	if len(r.granted) > len(r.outputs) || r.Melt == nil && len(r.granted) < len(r.outputs) {
		return nil // the judge will see it
	}
	proofs := make([]cashu.Proof, len(r.granted))
	for i, o := range r.outputs[:len(r.granted)] {
		if r.Melt != nil {
			o.Amount = r.granted[i].Amount
		}
		f.mu.Lock()
		keyset := f.keysets[o.ID]
		f.mu.Unlock()
		proof, err := harness.OpenOne(keyset, o, r.granted[i])
		if err != nil {
			f.t.Errorf("%s: %v", r.Name, err)
			return nil
		}
		proofs[i] = proof
	}
	return proofs
}

// pause is a moment of a length that nobody can foresee.
func pause(least, most time.Duration) { time.Sleep(least + rand.N(most-least)) }
