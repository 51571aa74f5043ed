package sqlstore

import (
	"context"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint"
	"mintmark/signatory"
)

// The reads outside of transactions: each is the transaction's own, on a
// snapshot.

func (s *Store) Proofs(ctx context.Context, ys []bdhke.Point) ([]mint.ProofRecord, error) {
	return read(ctx, s, func(t *tx) ([]mint.ProofRecord, error) { return t.Proofs(ctx, ys) })
}

func (s *Store) Signatures(ctx context.Context, bs []bdhke.Point) ([]mint.SignatureRecord, error) {
	return read(ctx, s, func(t *tx) ([]mint.SignatureRecord, error) { return t.Signatures(ctx, bs) })
}

func (s *Store) MintQuote(ctx context.Context, method, id string) (mint.MintQuote, error) {
	return read(ctx, s, func(t *tx) (mint.MintQuote, error) { return t.MintQuote(ctx, method, id) })
}

func (s *Store) MintQuoteByLookup(ctx context.Context, method, lookupID string) (mint.MintQuote, error) {
	return read(ctx, s, func(t *tx) (mint.MintQuote, error) { return t.MintQuoteByLookup(ctx, method, lookupID) })
}

func (s *Store) UnpaidMintQuotes(ctx context.Context, from, before time.Time, limit int) ([]mint.MintQuote, error) {
	return read(ctx, s, func(t *tx) ([]mint.MintQuote, error) { return t.UnpaidMintQuotes(ctx, from, before, limit) })
}

func (s *Store) KnownPayments(ctx context.Context, quoteID string, paymentIDs []string) (map[string]cashu.Amount, error) {
	return read(ctx, s, func(t *tx) (map[string]cashu.Amount, error) { return t.KnownPayments(ctx, quoteID, paymentIDs) })
}

func (s *Store) Unissued(ctx context.Context, unit cashu.Unit) (cashu.Amount, error) {
	return read(ctx, s, func(t *tx) (cashu.Amount, error) { return t.Unissued(ctx, unit) })
}

func (s *Store) PaymentsAside(ctx context.Context, limit int) ([]mint.SetAside, error) {
	return read(ctx, s, func(t *tx) ([]mint.SetAside, error) { return t.PaymentsAside(ctx, limit) })
}

func (s *Store) PaymentAside(ctx context.Context, p mint.SetAside) (mint.SetAside, error) {
	return read(ctx, s, func(t *tx) (mint.SetAside, error) { return t.PaymentAside(ctx, p) })
}

func (s *Store) CountAside(ctx context.Context) (map[string]int, error) {
	return read(ctx, s, func(t *tx) (map[string]int, error) { return t.CountAside(ctx) })
}

func (s *Store) Decisions(ctx context.Context, limit int) ([]mint.OperatorDecision, error) {
	return read(ctx, s, func(t *tx) ([]mint.OperatorDecision, error) { return t.Decisions(ctx, limit) })
}

func (s *Store) Sagas(ctx context.Context) ([]mint.Saga, error) {
	return read(ctx, s, func(t *tx) ([]mint.Saga, error) { return t.Sagas(ctx) })
}

func (s *Store) Saga(ctx context.Context, ref mint.OperationRef) (mint.Saga, error) {
	return read(ctx, s, func(t *tx) (mint.Saga, error) { return t.Saga(ctx, ref) })
}

func (s *Store) Operation(ctx context.Context, ref mint.OperationRef) (mint.Operation, error) {
	return read(ctx, s, func(t *tx) (mint.Operation, error) { return t.Operation(ctx, ref) })
}

func (s *Store) Facts(ctx context.Context, ref mint.OperationRef) (mint.OperationFacts, error) {
	return read(ctx, s, func(t *tx) (mint.OperationFacts, error) { return t.Facts(ctx, ref) })
}

func (s *Store) Totals(ctx context.Context) ([]mint.KeysetTotals, error) {
	return read(ctx, s, func(t *tx) ([]mint.KeysetTotals, error) { return t.Totals(ctx) })
}

func (s *Store) Recount(ctx context.Context) ([]mint.KeysetTotals, error) {
	var totals []mint.KeysetTotals
	err := s.db.Audit(ctx, func(db sqldb.Tx) (err error) {
		totals, err = (&tx{db: db, store: s}).Recount(ctx)
		return err
	})
	return totals, outward(err)
}

func (s *Store) Keysets(ctx context.Context) (signatory.Snapshot, error) {
	return read(ctx, s, func(t *tx) (signatory.Snapshot, error) { return t.Keysets(ctx) })
}

func (s *Store) Config(ctx context.Context, key mint.ConfigKey) (string, error) {
	return read(ctx, s, func(t *tx) (string, error) { return t.Config(ctx, key) })
}

func (s *Store) MeltQuote(ctx context.Context, id string) (mint.MeltQuote, error) {
	return read(ctx, s, func(t *tx) (mint.MeltQuote, error) { return t.MeltQuote(ctx, id) })
}

func (s *Store) ReservedProofs(ctx context.Context, ref mint.OperationRef) ([]mint.SpentProof, error) {
	return read(ctx, s, func(t *tx) ([]mint.SpentProof, error) { return t.ReservedProofs(ctx, ref) })
}

func (s *Store) ReservedOutputs(ctx context.Context, ref mint.OperationRef) ([]cashu.BlindedMessage, error) {
	return read(ctx, s, func(t *tx) ([]cashu.BlindedMessage, error) { return t.ReservedOutputs(ctx, ref) })
}
