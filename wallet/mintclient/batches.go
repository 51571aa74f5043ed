package mintclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// usualList is how many elements a list in a question has at most where the mint
// does not say: half of what the mints in use take.
const usualList = 500

// Bound says how many elements the mint takes in one list (max_array_length of its
// info); 0 = it does not say. Questions about more are asked in batches.
func (c *Client) Bound(most int) { c.said.Store(int64(most)) }

func (c *Client) batch() int {
	size := usualList
	for _, most := range []int64{c.said.Load(), c.learned.Load()} {
		if most > 0 && most < int64(size) {
			size = int(most)
		}
	}
	return size
}

// tooMuch tells that a mint refuses a request because of its size alone.
func tooMuch(err error) bool {
	var r *Refusal
	if !errors.As(err, &r) {
		return false
	}
	return r.Status == http.StatusRequestEntityTooLarge || r.Code == cashu.CodeTooManyInputs || r.Code == cashu.CodeTooManyOutputs || r.Code == cashu.CodeTooLarge
}

// inBatches asks about n elements, so many at a time as the mint takes: a mint that
// says too many is asked about half as many from then on.
func (c *Client) inBatches(n int, ask func(from, to int) error) error {
	for from := 0; from < n; {
		to := min(from+c.batch(), n)
		err := ask(from, to)
		if tooMuch(err) && to-from > 1 {
			c.learned.Store(int64(to-from) / 2)
			continue
		}
		if err != nil {
			return err
		}
		from = to
	}
	return nil
}

// CheckState is POST /v1/checkstate (NUT-07). The answer has the order of the
// question, whatever order the mint gave.
//
// It does not matter that a long list is asked about in batches: coins of one
// request that were not spent while others of it were are looked at once more, after
// those others. Who finds some spent and some not may conclude that they were not
// spent together.
func (c *Client) CheckState(ctx context.Context, ys []bdhke.Point) ([]cashu.StateEntry, error) {
	list := make([]cashu.StateEntry, len(ys))
	ask := func(at []int) error {
		return c.inBatches(len(at), func(from, to int) error {
			batch := make([]bdhke.Point, 0, to-from)
			for _, i := range at[from:to] {
				batch = append(batch, ys[i])
			}
			entries, err := c.checkState(ctx, batch)
			for n, e := range entries {
				list[at[from+n]] = e
			}
			return err
		})
	}
	all := make([]int, len(ys))
	for i := range all {
		all[i] = i
	}
	whole := c.batch()
	if err := ask(all); err != nil {
		return nil, err
	}
	if len(ys) <= min(whole, c.batch()) {
		return list, nil // they were asked about at once
	}
	var open []int
	for i, e := range list {
		if e.State != cashu.ProofSpent {
			open = append(open, i)
		}
	}
	if len(open) == len(list) {
		return list, nil
	}
	if err := ask(open); err != nil {
		return nil, err
	}
	return list, nil
}

// Restore is POST /v1/restore (NUT-09): the outputs that were signed, with their
// signatures.
func (c *Client) Restore(ctx context.Context, outputs []cashu.BlindedMessage) (signed []cashu.BlindedMessage, sigs []cashu.BlindSignature, err error) {
	err = c.inBatches(len(outputs), func(from, to int) error {
		o, s, err := c.restore(ctx, outputs[from:to])
		signed, sigs = append(signed, o...), append(sigs, s...)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return signed, sigs, nil
}

// tooLarge is the refusal of a server before the mint, which knows no codes: what is
// too large for it has not been passed on.
func tooLarge(status int) *Refusal {
	return &Refusal{Code: cashu.CodeTooLarge, Detail: fmt.Sprintf("HTTP %d, the request is too large", status), Status: status}
}
