package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"mintmark/cashu"
	"mintmark/internal/printable"
	"mintmark/wallet"
)

func (p program) historyCommand(g *globals) *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:   "history",
		Short: "Show what happened, newest first",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 0 {
				return usagef(cmd, "--limit is negative")
			}
			return p.look(cmd, g, func(ctx context.Context, s *session) error { return s.history(ctx, limit) })
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 50, "show this `number` at most; 0 is all")
	cmd.AddCommand(&cobra.Command{
		Use: "show OPERATION", Short: "Show all about one, the proof of a payment included", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return p.look(cmd, g, func(ctx context.Context, s *session) error { return s.receipt(ctx, given[0]) })
		},
	})
	return cmd
}

// entryJSON is an entry of the history. Tokens and preimages are not in it.
type entryJSON struct {
	Operation string       `json:"operation"`
	Kind      string       `json:"kind"`
	Incoming  bool         `json:"incoming"`
	Mint      string       `json:"mint,omitempty"` // empty: several
	Unit      string       `json:"unit"`
	Amount    cashu.Amount `json:"amount"`
	Fee       cashu.Amount `json:"fee"`
	Status    string       `json:"status"`
	Memo      string       `json:"memo,omitempty"`
	Quote     string       `json:"quote,omitempty"`
	At        int64        `json:"at"`
	// Payment is what the parts of one payment have in common.
	Payment string `json:"payment,omitempty"`
}

func jsonEntry(t wallet.Transaction) entryJSON {
	e := entryJSON{
		Operation: t.Operation.String(), Kind: string(t.Kind), Incoming: t.Incoming, Mint: t.MintURL, Unit: t.Unit.String(),
		Amount: t.Amount, Fee: t.Fee, Status: t.Status, Memo: t.Memo, Quote: t.QuoteID, At: t.At,
	}
	if t.Group != uuid.Nil {
		e.Payment = t.Group.String()
	}
	return e
}

func (s *session) history(ctx context.Context, limit int) error {
	narrowed := s.mint != "" || s.unit != ""
	most := limit
	if narrowed {
		most = 0
	}
	list, err := s.store.Transactions(ctx, most)
	if err != nil {
		return err
	}
	if list, err = narrow(ctx, s, list, func(t wallet.Transaction) (string, cashu.Unit) { return t.MintURL, t.Unit }); err != nil {
		return err
	}
	if narrowed && limit > 0 {
		list = list[:min(limit, len(list))]
	}
	v := make([]entryJSON, len(list))
	for i, t := range list {
		v[i] = jsonEntry(t)
	}
	var failed error // to add up what belongs together
	return errors.Join(s.show(v, func(w io.Writer) {
		if len(v) == 0 {
			line(w, "Nothing has happened yet.")
			return
		}
		row(w, "WHEN", "WHAT", "AMOUNT", "FEE", "STATUS", "MINT", "OPERATION")
		told := map[uuid.UUID]bool{}
		for _, t := range list {
			if t.Group == uuid.Nil {
				row(w, moment(t.At), string(t.Kind), signed(t), formatAmount(t.Fee, t.Unit), statusText(t), t.MintURL, t.Operation.String())
			} else if !told[t.Group] { // all parts of a payment together
				told[t.Group] = true
				failed = errors.Join(failed, tellParts(w, wallet.PartsOf(t, list)))
			}
		}
	}), failed)
}

// receiptJSON is an entry with what proves it. Tokens are not in it: "pending list
// --tokens" shows those that are still worth something.
type receiptJSON struct {
	entryJSON
	Request  string `json:"request,omitempty"`
	Preimage string `json:"preimage,omitempty"` // or the outpoint, of a payment on the chain
}

// receipt shows one entry of the history.
func (s *session) receipt(ctx context.Context, text string) error {
	list, err := s.store.Transactions(ctx, 0)
	if err != nil {
		return err
	}
	t, err := pick(list, text, "operation", func(t wallet.Transaction) string { return t.Operation.String() })
	if err != nil {
		return err
	}
	v := receiptJSON{jsonEntry(t), t.Request, string(t.Proof)}
	return s.show(v, func(w io.Writer) {
		row(w, "operation", v.Operation)
		row(w, "when", moment(t.At))
		row(w, "what", string(t.Kind))
		row(w, "amount", signed(t))
		row(w, "fee", formatAmount(t.Fee, t.Unit))
		row(w, "status", statusText(t))
		row(w, "mint", t.MintURL)
		for _, pair := range [][2]string{{"memo", t.Memo}, {"quote", t.QuoteID}, {"paid to", t.Request}, {"proof of payment", string(t.Proof)}} {
			if text := printable.Text(pair[1], 0); text != "" {
				row(w, pair[0], text)
			}
		}
	})
}

// statusText is how an operation stands, for people.
func statusText(t wallet.Transaction) string {
	switch t.Status {
	case wallet.StatusTakenBack:
		return "taken back"
	case wallet.StatusAbandoned:
		return "given up"
	}
	return t.Status
}

func signed(t wallet.Transaction) string {
	if t.Incoming {
		return "+" + formatAmount(t.Amount, t.Unit)
	}
	return "-" + formatAmount(t.Amount, t.Unit)
}

// tellRepeated is for a command that was given under the same --op before: it tells
// how that one stands, and does nothing.
func (s *session) tellRepeated(ctx context.Context, id uuid.UUID) error {
	if id == uuid.Nil {
		return nil
	}
	t, err := s.store.Transaction(ctx, id)
	if errors.Is(err, wallet.ErrNotFound) {
		return fmt.Errorf("the operation %q was given up before anything happened (operation %s)", s.op, id)
	}
	if err != nil {
		return err
	}
	parts := []wallet.Transaction{t}
	if t.Group != uuid.Nil { // which the first part has the name of
		history, err := s.store.Transactions(ctx, 0)
		if err != nil {
			return err
		}
		parts = wallet.PartsOf(t, history)
		if t, err = wallet.Whole(parts); err != nil {
			return err
		}
	}
	if len(parts) > 1 {
		t.Operation, t.MintURL, t.QuoteID = id, "", ""
	}
	v := repeatedJSON{entryJSON: jsonEntry(t)}
	if len(parts) > 1 {
		for _, part := range parts {
			v.Parts = append(v.Parts, jsonEntry(part))
		}
	}
	if err := s.show(v, func(w io.Writer) {
		line(w, "%q was started before: %s of %s is %s.", s.op, t.Kind, formatAmount(t.Amount, t.Unit), statusText(t))
		for _, part := range v.Parts {
			line(w, "Of that, %s at %s is %s.", formatAmount(part.Amount, t.Unit), part.Mint, part.Status)
		}
	}); err != nil {
		return err
	}
	switch t.Status {
	case wallet.StatusCompleted:
		return nil
	case wallet.StatusTakenBack:
		return &wallet.OperationError{ID: id, Err: wallet.ErrTakenBack}
	case wallet.StatusAbandoned:
		return &wallet.OperationError{ID: id, Err: wallet.ErrAbandoned}
	case wallet.StatusInParts:
		return &wallet.OperationError{ID: id, Err: wallet.ErrPartlyPaid}
	case wallet.StatusFailed:
		return &wallet.OperationError{ID: id, Err: errors.New("it has failed")}
	}
	return &wallet.OperationError{ID: id, Err: wallet.ErrPending}
}

// repeatedJSON is what came of a command that is given again: an entry of the history,
// of all parts together where several mints pay.
type repeatedJSON struct {
	entryJSON
	Parts []entryJSON `json:"parts,omitempty"`
}
