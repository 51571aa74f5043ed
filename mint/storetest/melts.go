package storetest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
)

// meltQuote is a new offer to pay, not stored yet.
func (k *kit) meltQuote(id string) mint.MeltQuote {
	return mint.MeltQuote{
		ID: id, Method: "bolt11", Unit: "sat", Request: "lnbc1" + id, LookupID: "debt of " + id, Terms: "as said",
		Amount: 100, FeeReserve: 3, Expiry: start.Add(10 * time.Minute), Created: start, Updated: start,
	}
}

func (k *kit) addMelt(q mint.MeltQuote) func(mint.Tx) error {
	return func(tx mint.Tx) error { return tx.AddMeltQuote(k.ctx, q) }
}

func (k *kit) melted(id string) mint.MeltQuote {
	k.Helper()
	q := k.meltQuote(id)
	k.update(k.addMelt(q))
	return q
}

func (k *kit) readMelt(id string) mint.MeltQuote {
	k.Helper()
	q, err := k.store.MeltQuote(k.ctx, id)
	if err != nil {
		k.Fatalf("reading melt quote %s: %v", id, err)
	}
	return q
}

func (k *kit) reserveMelt(id string, ref mint.OperationRef) func(mint.Tx) error {
	return func(tx mint.Tx) error { return tx.ReserveMelt(k.ctx, id, ref, 2, start.Add(time.Minute)) }
}

func (k *kit) settleMelt(id string, ref mint.OperationRef) func(mint.Tx) error {
	return func(tx mint.Tx) error {
		return tx.SettleMelt(k.ctx, id, ref, mint.Settlement{Spent: 101, Proof: "00ff"})
	}
}

func (k *kit) finishMelt(id string, ref mint.OperationRef, change ...bdhke.Point) func(mint.Tx) error {
	return func(tx mint.Tx) error { return tx.FinishMelt(k.ctx, id, ref, change, start.Add(2*time.Minute)) }
}

func (k *kit) releaseMelt(id string, ref mint.OperationRef) func(mint.Tx) error {
	return func(tx mint.Tx) error { return tx.ReleaseMelt(k.ctx, id, ref, start.Add(3*time.Minute)) }
}

// meltCases: what is paid out, is paid out once.
func meltCases() []testCase {
	return []testCase{
		{"a melt quote is read as it was written", func(k *kit) {
			full := k.meltQuote("full")
			full.Backend = "node"
			full.State, full.Operation, full.InputFee = mint.MeltPaid, 77, 5
			full.Settlement = mint.Settlement{Spent: math.MaxUint64, Proof: "proof \x00"}
			full.Change = []bdhke.Point{k.point(), k.twin(k.point())}
			full.Paid, full.Updated = start.Add(1e9), start.Add(3e9)
			bare := mint.MeltQuote{ID: "bare", Method: "m", Unit: "u"}
			odd := k.meltQuote("🥜 \x00 \xff '--")
			odd.Backend = "\x00 \xff"
			odd.Unit, odd.Request, odd.LookupID, odd.Terms = "🪙", "🧾\x00"+strings.Repeat("x", 5000), "\x00\x01", "\xff"
			odd.Amount, odd.FeeReserve = math.MaxUint64, 1<<63
			odd.Expiry = time.Date(2150, 1, 1, 0, 0, 0, 0, time.UTC)
			for _, q := range []mint.MeltQuote{full, bare, odd} {
				k.update(k.addMelt(q))
				if diff := cmp.Diff(q, k.readMelt(q.ID)); diff != "" {
					k.Errorf("-written +read:\n%s", diff)
				}
			}
			if _, err := k.store.MeltQuote(k.ctx, "nobody"); !errors.Is(err, mint.ErrNotFound) {
				k.Errorf("an unknown one: %v", err)
			}
		}},
		{"a melt is reserved, settled, then finished", func(k *kit) {
			k.melted("a")
			s := k.reserve(nil, nil)
			k.update(k.reserveMelt("a", s.Ref))
			q := k.readMelt("a")
			if q.State != mint.MeltPending || q.Operation != s.Ref || q.InputFee != 2 || !q.Updated.Equal(start.Add(time.Minute)) {
				k.Errorf("reserved: %+v", q)
			}
			k.update(k.settleMelt("a", s.Ref))
			q = k.readMelt("a")
			if q.State != mint.MeltSettled || q.Spent != 101 || q.Proof != "00ff" || !q.Updated.Equal(start.Add(time.Minute)) || !q.Paid.IsZero() {
				k.Errorf("settled: %+v", q)
			}
			change := []bdhke.Point{k.point(), k.point()}
			k.update(k.finishMelt("a", s.Ref, change...))
			q = k.readMelt("a")
			if q.State != mint.MeltPaid || q.Operation != s.Ref || !q.Paid.Equal(start.Add(2*time.Minute)) || !q.Updated.Equal(q.Paid) || !slices.Equal(q.Change, change) {
				k.Errorf("finished: %+v", q)
			}
		}},
		{"a failed melt can be tried again", func(k *kit) {
			k.melted("a")
			s := k.reserve(nil, nil)
			k.update(k.reserveMelt("a", s.Ref))
			k.update(k.releaseMelt("a", s.Ref))
			if q := k.readMelt("a"); q.State != mint.MeltUnpaid || q.Operation != 0 || q.InputFee != 0 || !q.Updated.Equal(start.Add(3*time.Minute)) {
				k.Errorf("released: %+v", q)
			}
			k.update(k.reserveMelt("a", s.Ref+1))
			k.update(k.settleMelt("a", s.Ref+1))
			k.update(k.finishMelt("a", s.Ref+1))
		}},
		{"no step of a melt is taken twice, left out, or taken by another operation", func(k *kit) {
			k.melted("a")
			ref := k.reserve(nil, nil).Ref
			refuse := func(steps ...func(string, mint.OperationRef) func(mint.Tx) error) {
				k.Helper()
				for i, step := range steps {
					before := k.readMelt("a")
					k.refuse(mint.ErrForbiddenState, step("a", ref))
					if diff := cmp.Diff(before, k.readMelt("a")); diff != "" {
						k.Errorf("refused step %d left\n%s", i, diff)
					}
				}
			}
			finish := func(id string, ref mint.OperationRef) func(mint.Tx) error { return k.finishMelt(id, ref) }
			refuse(k.settleMelt, finish, k.releaseMelt)
			k.refuse(mint.ErrForbiddenState, k.reserveMelt("a", 0))
			k.update(k.reserveMelt("a", ref))
			refuse(k.reserveMelt, finish)
			for _, other := range []mint.OperationRef{0, ref + 1} {
				k.refuse(mint.ErrForbiddenState, k.settleMelt("a", other))
				k.refuse(mint.ErrForbiddenState, k.releaseMelt("a", other))
			}
			k.update(k.settleMelt("a", ref))
			refuse(k.reserveMelt, k.settleMelt, k.releaseMelt)
			k.refuse(mint.ErrForbiddenState, k.finishMelt("a", ref+1))
			k.update(k.finishMelt("a", ref))
			refuse(k.reserveMelt, k.settleMelt, k.releaseMelt, finish)
			k.refuse(mint.ErrForbiddenState, k.reserveMelt("nobody", ref))
			k.refuse(mint.ErrForbiddenState, k.settleMelt("nobody", ref))
		}},
		{"a second quote of a request waits until the first has expired", func(k *kit) {
			first := k.melted("a")
			second := k.meltQuote("b")
			second.LookupID = first.LookupID
			second.Created = first.Expiry.Add(-time.Millisecond)
			k.refuse(mint.ErrRequestQuoted, k.addMelt(second))
			if _, err := k.store.MeltQuote(k.ctx, "b"); !errors.Is(err, mint.ErrNotFound) {
				k.Errorf("the refused quote is there: %v", err)
			}
			second.Created = first.Expiry
			second.Expiry = second.Created.Add(time.Hour)
			k.update(k.addMelt(second))
			third := second
			third.ID, third.Created = "c", second.Expiry.Add(-time.Millisecond)
			var other mint.RequestQuoted
			err := k.store.Update(k.ctx, mint.Durable, k.addMelt(third))
			if !errors.Is(err, mint.ErrRequestQuoted) || !errors.As(err, &other) || !other.Until.Equal(second.Expiry) {
				k.Errorf("a third gives %v, want until %v", err, second.Expiry)
			}
		}},
		{"no quote is made of a request that is being paid or was paid", func(k *kit) {
			first := k.melted("a")
			ref := k.reserve(nil, nil).Ref
			later := k.meltQuote("b")
			later.LookupID, later.Created = first.LookupID, first.Expiry.Add(time.Hour)
			k.update(k.reserveMelt("a", ref))
			k.refuse(mint.ErrRequestPending, k.addMelt(later))
			k.update(k.settleMelt("a", ref))
			k.refuse(mint.ErrRequestPending, k.addMelt(later))
			k.update(k.finishMelt("a", ref))
			k.refuse(mint.ErrRequestPaid, k.addMelt(later))
			other := later
			other.Method = "bolt12" // the same name of another method
			k.update(k.addMelt(other))
		}},
		{"of two quotes of one request only one is paid", func(k *kit) {
			first := k.melted("a")
			second := k.meltQuote("b")
			second.LookupID, second.Created = first.LookupID, first.Expiry
			k.update(k.addMelt(second))
			ref := k.reserve(nil, nil).Ref
			k.update(k.reserveMelt("a", ref))
			k.refuse(mint.ErrForbiddenState, k.reserveMelt("b", ref+1))
			k.update(k.releaseMelt("a", ref))
			k.update(k.reserveMelt("b", ref+1))
			k.refuse(mint.ErrForbiddenState, k.reserveMelt("a", ref))
			k.update(k.settleMelt("b", ref+1))
			k.update(k.finishMelt("b", ref+1))
			k.refuse(mint.ErrForbiddenState, k.reserveMelt("a", ref))
		}},
		{"quotes of requests that may be paid again and again do not meet", func(k *kit) {
			ref := k.reserve(nil, nil).Ref
			for i, id := range []string{"a", "b"} {
				q := k.meltQuote(id)
				q.LookupID = ""
				k.update(k.addMelt(q))
				k.update(k.reserveMelt(id, ref+mint.OperationRef(i)))
			}
			k.update(k.settleMelt("b", ref+1))
			k.update(k.finishMelt("b", ref+1))
			k.update(k.releaseMelt("a", ref))
		}},
		{"of 16 who ask for a quote of one request one gets it", func(k *kit) {
			errs := together(16, func(i int) error {
				q := k.meltQuote(fmt.Sprintf("quote %d", i))
				q.LookupID = "one debt"
				return k.store.Update(k.ctx, mint.Durable, k.addMelt(q))
			})
			if n := k.winners(errs, mint.ErrRequestQuoted); n != 1 {
				k.Errorf("%d won", n)
			}
		}},
		{"of 16 who pay one request over two quotes one does", func(k *kit) {
			first := k.melted("a")
			second := k.meltQuote("b")
			second.LookupID, second.Created = first.LookupID, first.Expiry
			k.update(k.addMelt(second))
			ref := k.reserve(nil, nil).Ref
			errs := together(16, func(i int) error {
				return k.store.Update(k.ctx, mint.Durable, k.reserveMelt([]string{"a", "b"}[i%2], ref+mint.OperationRef(i)))
			})
			if n := k.winners(errs, mint.ErrForbiddenState); n != 1 {
				k.Errorf("%d won", n)
			}
			if a, b := k.readMelt("a"), k.readMelt("b"); (a.State == mint.MeltPending) == (b.State == mint.MeltPending) {
				k.Errorf("the quotes are %v and %v", a.State, b.State)
			}
		}},
		{"one caller per interval may poll a melt", func(k *kit) {
			k.melted("a")
			before := k.readMelt("a")
			for i, want := range []bool{true, false, true} {
				var claimed bool
				k.update(func(tx mint.Tx) (err error) {
					claimed, err = tx.ClaimMeltPoll(k.ctx, "a", start.Add(time.Duration(i)*6*time.Second), 10*time.Second)
					return err
				})
				if claimed != want {
					k.Errorf("call %d: got %t", i, claimed)
				}
			}
			if diff := cmp.Diff(before, k.readMelt("a")); diff != "" {
				k.Error(diff)
			}
		}},
		{"what an operation has reserved can be read back", func(k *kit) {
			proofs, outputs := k.proofs(5), k.outputs(4)
			proofs[0].Y, proofs[1].Witness, proofs[2].KeysetID = k.twin(proofs[0].Y), "w \x00", k.keyset(9)
			outputs[1].Amount, outputs[2].ID = 0, k.keyset(8)
			s := k.reserve(proofs, outputs)
			k.reserve(k.proofs(2), k.outputs(2)) // somebody else's
			byY := func(a, b mint.SpentProof) int { return strings.Compare(a.Y.String(), b.Y.String()) }
			got, err := k.store.ReservedProofs(k.ctx, s.Ref)
			slices.SortFunc(got, byY)
			slices.SortFunc(proofs, byY)
			if diff := cmp.Diff(proofs, got); err != nil || diff != "" {
				k.Errorf("proofs: %v\n%s", err, diff)
			}
			messages, err := k.store.ReservedOutputs(k.ctx, s.Ref)
			if diff := cmp.Diff(outputs, messages); err != nil || diff != "" {
				k.Errorf("outputs: %v\n%s", err, diff)
			}
			k.update(func(tx mint.Tx) error { return finish(k.ctx, tx, s, outputs, k.signatures(outputs)) })
			got, err = k.store.ReservedProofs(k.ctx, s.Ref)
			messages, err2 := k.store.ReservedOutputs(k.ctx, s.Ref)
			if len(got)+len(messages) != 0 || err != nil || err2 != nil {
				k.Errorf("when it is over there are %d and %d, %v, %v", len(got), len(messages), err, err2)
			}
		}},
		{"the first outputs are signed with other amounts, and the rest is forgotten", func(k *kit) {
			proofs, blanks := k.proofs(1), k.outputs(4)
			for i := range blanks {
				blanks[i].Amount = 1
			}
			s := k.reserve(proofs, blanks)
			change := slices.Clone(blanks[:2])
			change[0].Amount, change[1].Amount = 64, 2
			sigs := k.signatures(change)
			k.update(func(tx mint.Tx) error {
				if err := tx.FinishSaga(k.ctx, s); err != nil {
					return err
				}
				if err := tx.SignOutputs(k.ctx, s.Ref, change, sigs); err != nil {
					return err
				}
				n, err := tx.RemoveOutputs(k.ctx, s.Ref)
				return errors.Join(err, wrongCount("removed outputs", n, 2))
			})
			for i, r := range k.signed(bsOf(blanks)...) {
				switch {
				case i < 2 && (!r.Signed || !sameSignature(r.Signature, sigs[i])):
					k.Errorf("change %d is %+v, want %+v", i, r, sigs[i])
				case i >= 2 && r.Operation != 0:
					k.Errorf("blank %d is still known: %+v", i, r)
				}
			}
			k.reserve(nil, []cashu.BlindedMessage{blanks[3]})
		}},
	}
}

// feeCases: the fee that a wallet has chosen is the one that is paid.
func feeCases() []testCase {
	options := []mint.FeeOption{{Index: 0, Reserve: 1, Blocks: 6}, {Index: math.MaxUint32, Reserve: math.MaxUint64, Blocks: math.MaxUint32}}
	choose := func(k *kit, id string, o mint.FeeOption) func(mint.Tx) error {
		return func(tx mint.Tx) error { return tx.ChooseFee(k.ctx, id, o) }
	}
	note := func(k *kit, id string, ref mint.OperationRef, proof string) func(mint.Tx) error {
		return func(tx mint.Tx) error { return tx.NoteProof(k.ctx, id, ref, proof, start) }
	}
	return []testCase{
		{"a melt quote keeps its fee options, and the chosen one", func(k *kit) {
			q := k.meltQuote("m")
			q.Options = options
			k.update(k.addMelt(q))
			if got := k.readMelt("m"); !slices.Equal(got.Options, options) || got.FeeReserve != 3 {
				k.Errorf("offered: %+v", got)
			}
			k.update(choose(k, "m", options[1]))
			s := k.reserve(nil, nil)
			k.update(k.reserveMelt("m", s.Ref))
			if got := k.readMelt("m"); !slices.Equal(got.Options, options) || got.FeeIndex != math.MaxUint32 || got.FeeReserve != math.MaxUint64 {
				k.Errorf("chosen: %+v", got)
			}
			k.refuse(mint.ErrForbiddenState, choose(k, "m", options[0]))
			k.refuse(mint.ErrForbiddenState, choose(k, "nobody", options[0]))
			k.update(k.releaseMelt("m", s.Ref))
			k.update(choose(k, "m", options[0]))
			if got := k.readMelt("m"); got.FeeIndex != 0 || got.FeeReserve != 1 {
				k.Errorf("chosen again: %+v", got)
			}
		}},
		{"the proof of a payment under way is kept until it ends", func(k *kit) {
			k.melted("m")
			s := k.reserve(nil, nil)
			k.update(note(k, "m", s.Ref, "too early"))
			k.update(k.reserveMelt("m", s.Ref))
			before := k.readMelt("m").Updated
			k.update(note(k, "m", s.Ref+1, "another's"))
			if got := k.readMelt("m"); got.Proof != "" || !got.Updated.Equal(before) {
				k.Errorf("got %+v", got)
			}
			k.update(note(k, "m", s.Ref, "tx:0"))
			if got := k.readMelt("m"); got.Proof != "tx:0" || !got.Updated.After(before) || got.State != mint.MeltPending {
				k.Errorf("under way: %+v", got)
			}
			k.update(k.releaseMelt("m", s.Ref))
			if got := k.readMelt("m"); got.Proof != "" || got.State != mint.MeltUnpaid {
				k.Errorf("failed: %+v", got)
			}
			k.update(k.reserveMelt("m", s.Ref))
			k.update(note(k, "m", s.Ref, "tx:1"))
			k.update(k.settleMelt("m", s.Ref))
			k.update(note(k, "m", s.Ref, "too late"))
			if got := k.readMelt("m"); got.Proof != "00ff" {
				k.Errorf("settled: %+v", got)
			}
		}},
	}
}
