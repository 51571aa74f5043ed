package wallet

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/crashpoint"
)

// swapSpec is a swap as a caller wants it. Inputs are coins of the wallet, held
// by Parent if there is one, else free.
type swapSpec struct {
	mint   Mint
	unit   cashu.Unit
	parent *run // nil = none
	inputs []StoredCoin
	wants  []want
}

// Swap exchanges coins of a mint for new ones of the active keyset: all those of
// keysets that are inactive, and all others if everything is set. Many coins go in
// several requests, each an operation of its own; what had come back before one of
// them failed comes along with the error.
func (w *Wallet) Swap(ctx context.Context, mintURL string, unit cashu.Unit, everything bool) (cashu.Amount, error) {
	m, err := w.Mint(ctx, mintURL)
	if err != nil {
		return 0, err
	}
	var chosen map[bdhke.Point]bool // the first time: what comes back is not exchanged again
	var came cashu.Amount
	_, err = whileTaken(func() (cashu.Amount, error) {
		p, err := w.purse(ctx, m, unit)
		if err != nil {
			return 0, err
		}
		var inputs []StoredCoin
		for _, c := range p.coins {
			if k, ok := m.Keyset(c.ID); ok && (everything || !k.Active) && (chosen == nil || chosen[c.Y]) {
				inputs = append(inputs, c)
			}
		}
		if chosen == nil {
			chosen = map[bdhke.Point]bool{}
			for _, c := range inputs {
				chosen[c.Y] = true
			}
		}
		got, err := w.swapAll(ctx, m, unit, inputs, nil)
		sum, addErr := came.Add(got)
		if addErr != nil {
			return got, errors.Join(err, addErr)
		}
		came = sum
		return got, err
	})
	return came, err
}

// swapAll exchanges coins for new ones of this wallet, in as many swaps as the mint's
// limits ask for.
func (w *Wallet) swapAll(ctx context.Context, m Mint, unit cashu.Unit, inputs []StoredCoin, parent *run) (came cashu.Amount, err error) {
	for _, part := range m.deal(inputs) {
		wants, err := m.allOf(unit, part, w.now())
		if err != nil {
			return came, err
		}
		got, err := w.swap(ctx, swapSpec{mint: m, unit: unit, parent: parent, inputs: part, wants: wants})
		if err != nil {
			return came, err
		}
		sum, err := sumOf(got)
		if err == nil {
			sum, err = came.Add(sum)
		}
		if err != nil {
			return came, err
		}
		came = sum
		crashpoint.Here(crashPoint(KindSwap, "part"))
	}
	return came, nil
}

// swap runs a whole swap. Outputs with RoleSend end up reserved for the parent.
func (w *Wallet) swap(ctx context.Context, spec swapSpec) ([]StoredCoin, error) {
	r, err := w.startSwap(ctx, spec)
	if err != nil {
		return nil, err
	}
	defer r.rest()
	crashpoint.Here(crashPoint(KindSwap, "reserved"))
	return r.perform(ctx, r.swapExchange)
}

func (w *Wallet) startSwap(ctx context.Context, spec swapSpec) (*run, error) {
	if err := spec.mint.fits(spec.inputs, spec.wants); err != nil {
		return nil, err
	}
	keyset, err := spec.mint.active(spec.unit, w.now())
	if err != nil {
		return nil, err
	}
	sum, err := sumOf(spec.inputs)
	if err != nil {
		return nil, err
	}
	var out cashu.Amount
	for _, o := range spec.wants {
		if out, err = out.Add(o.amount); err != nil {
			return nil, err
		}
	}
	id, err := newID()
	if err != nil {
		return nil, err
	}
	data := &SwapData{InputAmount: sum, OutputAmount: out, Inputs: plain(spec.inputs), InputYs: ysOf(spec.inputs)}
	var parent Saga
	if spec.parent != nil {
		parent = spec.parent.s
		data.Parent = parent.ID
		if err := parent.UpdateState(parent.State, w.now()); err != nil {
			return nil, err
		}
	}
	s, err := NewSaga(id, SwapProofsReserved, out, spec.mint.URL, spec.unit, data, w.now())
	if err != nil {
		return nil, err
	}
	r, err := w.start(ctx, s, "coins are set aside", func(tx Tx, s *Saga) error {
		if spec.parent != nil {
			// Whoever has taken the parent over may have let its coins go.
			if err := put(ctx, tx, parent); err != nil {
				return err
			}
			if err := tx.HandCoins(ctx, data.InputYs, parent.ID, id); err != nil {
				return err
			}
		} else if err := tx.ReserveCoins(ctx, data.InputYs, id); err != nil {
			return err
		}
		if data.Outputs, data.Counters, err = w.plan(ctx, tx, keyset.ID, spec.wants); err != nil {
			return err
		}
		data.BlindedMessages = messages(data.Outputs)
		return nil
	})
	if err == nil && spec.parent != nil {
		spec.parent.s = parent
	}
	return r, err
}

// swapExchange is the request of a swap, from what was written down.
func (r *run) swapExchange() (exchange, error) {
	d, ok := r.s.Data.(*SwapData)
	if !ok {
		return exchange{}, errors.New("a swap has other data")
	}
	held := []CoinState{CoinReserved, CoinPending}
	return exchange{
		requested: SwapSwapRequested,
		inputs:    d.Inputs,
		outputs:   d.Outputs,
		sending: func(ctx context.Context, tx Tx) error {
			return tx.MoveCoins(ctx, d.InputYs, r.s.ID, held, CoinPending)
		},
		adopt: func(ctx context.Context, tx Tx, coins []StoredCoin) error {
			if err := tx.MoveCoins(ctx, d.InputYs, r.s.ID, orSpent, CoinSpent); err != nil {
				return err
			}
			parent, err := living(ctx, tx, d.Parent)
			if err != nil {
				return err
			}
			for i := range coins {
				if d.Outputs[i].Role == RoleSend && parent != uuid.Nil {
					coins[i].State, coins[i].UsedBy = CoinReserved, parent
				}
			}
			return tx.AddCoins(ctx, coins)
		},
		undo: func(ctx context.Context, tx Tx, states []cashu.ProofState) error {
			parent, err := living(ctx, tx, d.Parent)
			if err != nil {
				return err
			}
			if err := r.freeInputs(ctx, tx, d.InputYs, states, parent); err != nil {
				return err
			}
			return r.returnCounters(ctx, tx, d.Outputs, d.Counters)
		},
		lost: func(ctx context.Context, tx Tx) error {
			if err := tx.MoveCoins(ctx, d.InputYs, r.s.ID, orSpent, CoinSpent); err != nil {
				return err
			}
			parent, err := living(ctx, tx, d.Parent)
			if err != nil || parent == uuid.Nil {
				return err
			}
			return tx.HandCoins(ctx, d.InputYs, r.s.ID, parent)
		},
	}, nil
}

// orSpent are the states of coins that a request has shown to the mint: a Reclaim that
// came too late has seen them spent.
var orSpent = []CoinState{CoinReserved, CoinPending, CoinSpent}

// living is a parent that is still there; one whose end was committed while this
// process took it for failed is none.
func living(ctx context.Context, tx Tx, parent uuid.UUID) (uuid.UUID, error) {
	if parent == uuid.Nil {
		return uuid.Nil, nil
	}
	_, err := tx.Saga(ctx, parent)
	if errors.Is(err, ErrNotFound) {
		return uuid.Nil, nil
	}
	return parent, err
}

// freeInputs frees the coins that the mint does not call spent, or gives them back
// to the parent.
func (r *run) freeInputs(ctx context.Context, tx Tx, ys []bdhke.Point, states []cashu.ProofState, parent uuid.UUID) error {
	var spent, free []bdhke.Point
	for i, y := range ys {
		if i < len(states) && states[i] == cashu.ProofSpent {
			spent = append(spent, y)
		} else {
			free = append(free, y)
		}
	}
	held := []CoinState{CoinReserved, CoinPending}
	if err := tx.MoveCoins(ctx, spent, r.s.ID, orSpent, CoinSpent); err != nil {
		return err
	}
	if parent == uuid.Nil {
		return tx.MoveCoins(ctx, free, r.s.ID, held, CoinUnspent)
	}
	if err := tx.MoveCoins(ctx, free, r.s.ID, held, CoinReserved); err != nil {
		return err
	}
	return tx.HandCoins(ctx, ys, r.s.ID, parent)
}

// returnCounters gives counters back that no request ever used.
func (r *run) returnCounters(ctx context.Context, tx Tx, outputs []Planned, c Counters) error {
	if len(r.s.Data.Common().Attempts) > 0 || c.Start == nil || c.End == nil || len(outputs) == 0 {
		return nil // the mint may have seen them
	}
	_, err := tx.ReturnCounters(ctx, outputs[0].KeysetID, *c.Start, *c.End-*c.Start)
	return err
}
