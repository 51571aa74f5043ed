package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// CheckStateConfig is the shape of the questions.
type CheckStateConfig struct {
	Ys int // of one question; 0 is 100
	// Spent is the share of them that the mint has to find; the others it never
	// saw. 0 is a half, negative is none.
	Spent float64
}

// CheckState measures NUT-07. Every answer must have the right states in the
// right order.
func CheckState(ctx context.Context, l Load, m Mint, c CheckStateConfig) (Report, error) {
	if c.Ys == 0 {
		c.Ys = 100
	}
	spent := share(c.Spent, c.Ys)
	l, client, err := begin(ctx, l, m, checkItems("Ys", c.Ys))
	if err != nil {
		return Report{}, err
	}
	return run(ctx, l, &lookup{
		mint: client, path: "/v1/checkstate",
		fill: func(ctx context.Context) ([]question, error) { return stateQuestions(ctx, l, client, c.Ys, spent) },
		tell: func(r *Report) {
			r.Scenario = "checkstate"
			r.Shape["ys"] = c.Ys
			r.Notes = append(r.Notes, fmt.Sprintf("%d of the Ys are spent, the others unknown to the mint", spent))
		},
	})
}

// share is how many of n items a fraction means.
func share(fraction float64, n int) int {
	if fraction == 0 {
		fraction = 0.5
	}
	return int(max(min(fraction, 1), 0) * float64(n))
}

func stateQuestions(ctx context.Context, l Load, m *mintClient, n, spent int) ([]question, error) {
	known, err := spendCoins(ctx, l, m, spent)
	if err != nil {
		return nil, err
	}
	l.Progress.Phase("preparing questions", differentQuestions)
	questions := make([]question, differentQuestions)
	for i := range questions {
		want := make([]stateOf, 0, n)
		for _, y := range known {
			want = append(want, stateOf{y, cashu.ProofSpent})
		}
		for len(want) < n {
			b, err := newBlank(false)
			if err != nil {
				return nil, err
			}
			want = append(want, stateOf{b.b, cashu.ProofUnspent})
		}
		rand.Shuffle(len(want), func(a, b int) { want[a], want[b] = want[b], want[a] })
		if questions[i], err = stateQuestion(want); err != nil {
			return nil, err
		}
		l.Progress.Add(1)
	}
	return questions, nil
}

type stateOf struct {
	y     bdhke.Point
	state cashu.ProofState
}

func stateQuestion(want []stateOf) (question, error) {
	ask := cashu.CheckStateRequest{Ys: make([]bdhke.Point, len(want))}
	for i, w := range want {
		ask.Ys[i] = w.y
	}
	return newQuestion(ask, func(answer []byte) error {
		var got cashu.CheckStateResponse
		if err := decode(answer, &got); err != nil {
			return err
		}
		if len(got.States) != len(want) {
			return wrong(kindStates, "%d for %d Ys", len(got.States), len(want))
		}
		for i, s := range got.States {
			if s.Y != want[i].y || s.State != want[i].state {
				return wrong(kindStates, "state %d is %q, want %q", i, shorten(string(s.State)), want[i].state)
			}
		}
		return nil
	})
}

// spendCoins mints coins, spends them, and returns what the mint now knows.
func spendCoins(ctx context.Context, l Load, m *mintClient, n int) ([]bdhke.Point, error) {
	b := &bank{mint: m, progress: l.Progress}
	var (
		forms   []shape
		amounts []cashu.Amount
	)
	for left := n; left > 0; {
		form, err := spendingShape(min(left, b.batch()), m)
		if err != nil {
			return nil, err
		}
		forms, amounts = append(forms, form), append(amounts, form.inputs...)
		left -= len(form.inputs)
	}
	coins, err := b.coins(ctx, amounts)
	if err != nil {
		return nil, err
	}
	ys := make([]bdhke.Point, len(coins))
	for i, c := range coins {
		if ys[i], err = c.y(); err != nil {
			return nil, fmt.Errorf("naming a coin: %w", err)
		}
	}
	l.Progress.Phase("spending coins", len(coins))
	for _, form := range forms {
		k := len(form.inputs)
		if err := b.spend(ctx, coins[:k], form); err != nil {
			return nil, err
		}
		coins = coins[k:]
		l.Progress.Add(k)
	}
	return ys, nil
}

// spendingShape spends n coins in one swap for as few as will do.
func spendingShape(n int, m *mintClient) (shape, error) {
	for outputs := 1; outputs <= n+1; outputs++ {
		if shapes, err := swapShapes(n, outputs, m.keys.InputFeePPK, m.denominations()); err == nil {
			return shapes[0], nil
		}
	}
	return shape{}, fmt.Errorf("found no way to spend %d coins", n)
}

// spend swaps coins, before the clock starts.
func (b *bank) spend(ctx context.Context, coins []coin, form shape) error {
	var swap cashu.SwapRequest
	for i, c := range coins {
		p, err := c.proof(form.inputs[i], b.mint.keys.ID)
		if err != nil {
			return err
		}
		swap.Inputs = append(swap.Inputs, p)
	}
	var err error
	if _, swap.Outputs, err = b.outputs(form.outputs); err != nil {
		return err
	}
	signatures, err := b.mint.setup.Swap(ctx, swap)
	if err == nil {
		err = fits(signatures, swap.Outputs)
	}
	if err != nil {
		return fmt.Errorf("spending coins: %w", err)
	}
	return nil
}

// spread makes n amounts of the lowest denominations.
func spread(n int, m *mintClient) []cashu.Amount {
	amounts := variety(n, 0, m.denominations())
	rand.Shuffle(n, func(a, b int) { amounts[a], amounts[b] = amounts[b], amounts[a] })
	return slices.Clip(amounts)
}
