package bench

import (
	"context"
	"fmt"
	"math/rand/v2"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// RestoreConfig is the shape of the questions.
type RestoreConfig struct {
	Outputs int // of one question; 0 is 100, what wallets ask at a time
	// Signed is the share of them that the mint has signed before. 0 is a half,
	// negative is none.
	Signed float64
}

// Restore measures NUT-09. Every answer must hold the signatures that the mint
// gave before, and no others.
func Restore(ctx context.Context, l Load, m Mint, c RestoreConfig) (Report, error) {
	if c.Outputs == 0 {
		c.Outputs = 100
	}
	signed := share(c.Signed, c.Outputs)
	l, client, err := begin(ctx, l, m, checkItems("outputs", c.Outputs))
	if err != nil {
		return Report{}, err
	}
	return run(ctx, l, &lookup{
		mint: client, path: "/v1/restore",
		fill: func(ctx context.Context) ([]question, error) {
			return restoreQuestions(ctx, l, client, c.Outputs, signed)
		},
		tell: func(r *Report) {
			r.Scenario = "restore"
			r.Shape["outputs"] = c.Outputs
			r.Notes = append(r.Notes, fmt.Sprintf("%d of the outputs were signed before, the others the mint never saw", signed))
		},
	})
}

// signedBlank is an output with the signature that restore must find.
type signedBlank struct {
	blank  blank
	amount cashu.Amount
	c      bdhke.Point // C_; zero: never signed
}

func restoreQuestions(ctx context.Context, l Load, m *mintClient, n, signed int) ([]question, error) {
	b := &bank{mint: m, progress: l.Progress}
	known, err := b.signedBlanks(ctx, spread(signed, m))
	if err != nil {
		return nil, err
	}
	l.Progress.Phase("preparing questions", differentQuestions)
	questions := make([]question, differentQuestions)
	for i := range questions {
		asked := append([]signedBlank(nil), known...)
		for _, amount := range spread(n-len(known), m) {
			fresh, err := newBlank(false)
			if err != nil {
				return nil, err
			}
			asked = append(asked, signedBlank{blank: fresh, amount: amount})
		}
		rand.Shuffle(len(asked), func(a, b int) { asked[a], asked[b] = asked[b], asked[a] })
		if questions[i], err = restoreQuestion(asked, m.keys.ID); err != nil {
			return nil, err
		}
		l.Progress.Add(1)
	}
	return questions, nil
}

func restoreQuestion(asked []signedBlank, id cashu.KeysetID) (question, error) {
	var ask cashu.RestoreRequest
	signatures := make(map[bdhke.Point]bdhke.Point, len(asked)) // by B_
	for _, a := range asked {
		ask.Outputs = append(ask.Outputs, cashu.BlindedMessage{Amount: a.amount, ID: id, B: a.blank.b})
		if !a.c.IsZero() {
			signatures[a.blank.b] = a.c
		}
	}
	return newQuestion(ask, func(answer []byte) error {
		var got cashu.RestoreResponse
		if err := decode(answer, &got); err != nil {
			return err
		}
		if len(got.Outputs) != len(signatures) || len(got.Signatures) != len(signatures) {
			return wrong(kindRestored, "%d outputs and %d signatures, want %d", len(got.Outputs), len(got.Signatures), len(signatures))
		}
		for i, o := range got.Outputs {
			if want, signed := signatures[o.B]; !signed || got.Signatures[i].C != want {
				return wrong(kindRestored, "signature %d is not the one that was given", i)
			}
		}
		return nil
	})
}

// signedBlanks mints, and keeps the blind signatures instead of coins.
func (b *bank) signedBlanks(ctx context.Context, amounts []cashu.Amount) ([]signedBlank, error) {
	var all []signedBlank
	for len(amounts) > 0 {
		some := amounts[:min(len(amounts), b.batch())]
		amounts = amounts[len(some):]
		sum, err := cashu.Sum(some...)
		if err != nil {
			return nil, fmt.Errorf("adding up the outputs: %w", err)
		}
		quotes, err := b.quotes(ctx, []cashu.Amount{sum})
		if err != nil {
			return nil, err
		}
		blanks, signatures, err := b.sign(ctx, quotes[0], some)
		if err != nil {
			return nil, err
		}
		for i, s := range signatures {
			all = append(all, signedBlank{blanks[i], some[i], s.C})
		}
	}
	return all, nil
}
