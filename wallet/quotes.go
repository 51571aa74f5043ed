package wallet

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"mintmark/cashu"
	"mintmark/wallet/mintclient"
	"mintmark/wallet/secrets"
)

// The payment methods of NUT-23 and NUT-25.
const (
	methodBolt11 = "bolt11"
	methodBolt12 = "bolt12"
)

// MintQuoteOptions describes a quote to pay in.
type MintQuoteOptions struct {
	Method      string // empty = bolt11
	Unit        cashu.Unit
	Amount      cashu.Amount
	Description string
	// Unlocked asks for a quote that whoever knows its id can issue. Default:
	// only this wallet can, where the mint has NUT-20.
	Unlocked bool
	// Key is the caller's name of this call: repeated under it, the call gives
	// the quote that it made before. Empty: none.
	Key string
}

// CreateMintQuote asks a mint for something to pay, and remembers it.
func (w *Wallet) CreateMintQuote(ctx context.Context, mintURL string, o MintQuoteOptions) (Quote, error) {
	if q, found, err := w.quotedBefore(ctx, mintURL, o); found || err != nil {
		return q, err
	}
	m, err := w.Mint(ctx, mintURL)
	if err != nil {
		return Quote{}, err
	}
	if _, err := m.active(o.Unit, w.now()); err != nil {
		return Quote{}, err
	}
	if o.Method == "" {
		o.Method = methodBolt11
	}
	req := mintclient.MintQuoteRequest{Amount: o.Amount, Unit: o.Unit, Description: o.Description}
	var index *uint32
	if m.Info.Supports(20) && !o.Unlocked {
		if index, req.Pubkey, err = w.newQuoteKey(ctx); err != nil {
			return Quote{}, err
		}
	}
	c, err := w.client(mintURL)
	if err != nil {
		return Quote{}, err
	}
	answer, err := c.CreateMintQuote(ctx, o.Method, req)
	if err != nil {
		return Quote{}, err
	}
	if err := checkInvoice(o.Method, o.Unit, o.Amount, answer.Request); err != nil {
		return Quote{}, err
	}
	if req.Pubkey != "" && answer.Pubkey != "" && answer.Pubkey != req.Pubkey {
		return Quote{}, errors.New("the mint has locked the quote to another key")
	}
	if req.Pubkey != "" && answer.Pubkey == "" {
		index = nil // the mint does not lock it after all
	}
	q := Quote{
		Direction: QuoteMint, ID: answer.Quote, MintURL: m.URL, Method: o.Method, Unit: o.Unit, Amount: o.Amount,
		KeyIndex: index, Key: o.Key, Created: w.now().Unix(),
	}
	takeMintQuote(&q, answer)
	err = w.store.Update(ctx, func(tx Tx) error { return tx.AddQuote(ctx, q) })
	if errors.Is(err, ErrExists) && o.Key != "" { // another process was quicker: nobody sees our quote
		before, found, readErr := w.quotedBefore(ctx, mintURL, o)
		if found || readErr != nil {
			return before, readErr
		}
	}
	if err != nil {
		return Quote{}, err
	}
	return q, nil
}

// newQuoteKey takes a key that no other quote has.
func (w *Wallet) newQuoteKey(ctx context.Context) (*uint32, string, error) {
	var index uint32
	err := w.store.Update(ctx, func(tx Tx) (err error) {
		index, err = tx.TakeKeyIndex(ctx, "quote")
		return err
	})
	if err != nil {
		return nil, "", err
	}
	key, err := w.secrets.Key(secrets.PurposeQuote, index)
	if err != nil {
		return nil, "", err
	}
	return &index, key.Public().String(), nil
}

// takeMintQuote takes over what a mint says, unless it makes no sense or is older than
// what is known: amounts only grow. An invoice is paid and issued whole or not at all.
func takeMintQuote(q *Quote, a mintclient.MintQuote) {
	paid, issued := a.Totals(q.Amount)
	if issued > paid {
		return
	}
	if q.Method == methodBolt11 && q.Amount != 0 {
		paid, issued = min(paid, q.Amount), min(issued, q.Amount)
		if issued < q.Amount {
			issued = 0
		}
	}
	if a.UpdatedAt != 0 && a.UpdatedAt < q.Updated || paid < q.Paid || issued < q.Issued {
		return
	}
	if q.State, q.Expiry = a.State, a.Expiry; q.Request == "" {
		q.Request = a.Request // looked at when it was new, and the same for ever
	}
	q.Paid, q.Issued, q.Updated = paid, issued, a.UpdatedAt
	if q.Amount == 0 {
		q.Amount = a.Amount
	}
}

// CheckMintQuote asks the mint about a quote and remembers the answer, unless it is
// older than what is known.
func (w *Wallet) CheckMintQuote(ctx context.Context, mintURL, id string) (Quote, error) {
	return w.askMintQuote(ctx, mintURL, id, func(*Quote, mintclient.MintQuote) {})
}

// CheckMintQuoteAnew is CheckMintQuote for somebody who doubts what is known: the
// answer counts even if the mint has said before that more was paid, or issued.
func (w *Wallet) CheckMintQuoteAnew(ctx context.Context, mintURL, id string) (Quote, error) {
	return w.askMintQuote(ctx, mintURL, id, func(q *Quote, a mintclient.MintQuote) {
		if paid, issued := a.Totals(q.Amount); q.UsedBy == uuid.Nil && issued <= paid {
			q.Paid, q.Issued, q.Updated = 0, 0, 0
		}
	})
}

func (w *Wallet) askMintQuote(ctx context.Context, mintURL, id string, before func(*Quote, mintclient.MintQuote)) (Quote, error) {
	c, err := w.client(mintURL)
	if err != nil {
		return Quote{}, err
	}
	q, err := w.store.Quote(ctx, QuoteMint, c.URL(), id)
	if err != nil {
		return Quote{}, err
	}
	answer, err := c.MintQuote(ctx, q.Method, id)
	if err != nil {
		return q, unknownQuote(id, err)
	}
	return w.updateQuote(ctx, q, func(q *Quote) {
		before(q, answer)
		w.takeAnswer(q, answer)
	})
}

// takeAnswer is takeMintQuote, and notes that the mint was asked if the quote's time
// is over.
func (w *Wallet) takeAnswer(q *Quote, a mintclient.MintQuote) {
	takeMintQuote(q, a)
	if now := w.now().Unix(); q.Expiry != 0 && now > q.Expiry {
		q.Asked = now
	}
}

// updateQuote changes the stored quote; if somebody else has changed it
// meanwhile, what they wrote is read and changed.
func (w *Wallet) updateQuote(ctx context.Context, q Quote, change func(*Quote)) (Quote, error) {
	err := w.store.Update(ctx, func(tx Tx) error {
		now, err := tx.Quote(ctx, q.Direction, q.MintURL, q.ID)
		if err != nil {
			return err
		}
		changed := now
		change(&changed)
		if changed != now {
			if err := tx.UpdateQuote(ctx, changed); err != nil {
				return err
			}
			changed.Version++
		}
		q = changed
		return nil
	})
	return q, err
}

// Quotes lists all quotes, oldest first.
func (w *Wallet) Quotes(ctx context.Context) ([]Quote, error) { return w.store.Quotes(ctx) }

// Open is what has been paid on a mint quote and not been issued.
func (q Quote) Open() cashu.Amount {
	if q.Issued >= q.Paid {
		return 0
	}
	return q.Paid - q.Issued
}

// signature signs a mint request with the quote's key; empty when the quote is
// not locked. Older mints want a message without amounts.
func (w *Wallet) quoteSignature(q Quote, outputs []cashu.BlindedMessage, legacy bool) (string, error) {
	if q.KeyIndex == nil {
		return "", nil
	}
	key, err := w.secrets.Key(secrets.PurposeQuote, *q.KeyIndex)
	if err != nil {
		return "", err
	}
	sig, err := cashu.SignQuote(key, q.ID, outputs, legacy)
	if err != nil {
		return "", fmt.Errorf("signing for a quote: %w", err)
	}
	return sig, nil
}
