package sqlstore

import (
	"context"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/wallet"
)

// The reads outside of transactions: each is the transaction's own, on a
// snapshot.

func (s *Store) Sagas(ctx context.Context) ([]wallet.Saga, error) {
	return read(ctx, s, func(t *tx) ([]wallet.Saga, error) { return t.Sagas(ctx) })
}

func (s *Store) Abandoned(ctx context.Context) ([]wallet.Saga, error) {
	return read(ctx, s, func(t *tx) ([]wallet.Saga, error) { return t.Abandoned(ctx) })
}

func (s *Store) Saga(ctx context.Context, id uuid.UUID) (wallet.Saga, error) {
	return read(ctx, s, func(t *tx) (wallet.Saga, error) { return t.Saga(ctx, id) })
}

func (s *Store) SagaByKey(ctx context.Context, key string) (uuid.UUID, error) {
	return read(ctx, s, func(t *tx) (uuid.UUID, error) { return t.SagaByKey(ctx, key) })
}

func (s *Store) KeyArgs(ctx context.Context, key string) (string, error) {
	return read(ctx, s, func(t *tx) (string, error) { return t.KeyArgs(ctx, key) })
}

func (s *Store) Journal(ctx context.Context, id uuid.UUID) ([]wallet.JournalEntry, error) {
	return read(ctx, s, func(t *tx) ([]wallet.JournalEntry, error) { return t.Journal(ctx, id) })
}

func (s *Store) Coins(ctx context.Context, f wallet.CoinFilter) ([]wallet.StoredCoin, error) {
	return read(ctx, s, func(t *tx) ([]wallet.StoredCoin, error) { return t.Coins(ctx, f) })
}

func (s *Store) CoinsByY(ctx context.Context, ys []bdhke.Point) ([]wallet.StoredCoin, error) {
	return read(ctx, s, func(t *tx) ([]wallet.StoredCoin, error) { return t.CoinsByY(ctx, ys) })
}

func (s *Store) Balances(ctx context.Context) ([]wallet.Balance, error) {
	return read(ctx, s, func(t *tx) ([]wallet.Balance, error) { return t.Balances(ctx) })
}

func (s *Store) Counter(ctx context.Context, id cashu.KeysetID) (uint32, error) {
	return read(ctx, s, func(t *tx) (uint32, error) { return t.Counter(ctx, id) })
}

func (s *Store) SignedCounter(ctx context.Context, id cashu.KeysetID) (uint32, error) {
	return read(ctx, s, func(t *tx) (uint32, error) { return t.SignedCounter(ctx, id) })
}

func (s *Store) Restored(ctx context.Context, id cashu.KeysetID) (uint32, error) {
	return read(ctx, s, func(t *tx) (uint32, error) { return t.Restored(ctx, id) })
}

func (s *Store) SeedMark(ctx context.Context) ([]byte, error) {
	return read(ctx, s, func(t *tx) ([]byte, error) { return t.SeedMark(ctx) })
}

func (s *Store) KeyIndex(ctx context.Context, purpose string) (uint32, error) {
	return read(ctx, s, func(t *tx) (uint32, error) { return t.KeyIndex(ctx, purpose) })
}

func (s *Store) Quote(ctx context.Context, d wallet.QuoteDirection, mintURL, id string) (wallet.Quote, error) {
	return read(ctx, s, func(t *tx) (wallet.Quote, error) { return t.Quote(ctx, d, mintURL, id) })
}

func (s *Store) QuoteByKey(ctx context.Context, key string) (wallet.Quote, error) {
	return read(ctx, s, func(t *tx) (wallet.Quote, error) { return t.QuoteByKey(ctx, key) })
}

func (s *Store) Quotes(ctx context.Context) ([]wallet.Quote, error) {
	return read(ctx, s, func(t *tx) ([]wallet.Quote, error) { return t.Quotes(ctx) })
}

func (s *Store) Mints(ctx context.Context) ([]wallet.KnownMint, error) {
	return read(ctx, s, func(t *tx) ([]wallet.KnownMint, error) { return t.Mints(ctx) })
}

func (s *Store) Mint(ctx context.Context, url string) (wallet.KnownMint, error) {
	return read(ctx, s, func(t *tx) (wallet.KnownMint, error) { return t.Mint(ctx, url) })
}

func (s *Store) Keysets(ctx context.Context, mintURL string) ([]cashu.Keyset, error) {
	return read(ctx, s, func(t *tx) ([]cashu.Keyset, error) { return t.Keysets(ctx, mintURL) })
}

func (s *Store) TokenReceived(ctx context.Context, token wallet.Secret) (wallet.Transaction, error) {
	return read(ctx, s, func(t *tx) (wallet.Transaction, error) { return t.TokenReceived(ctx, token) })
}

func (s *Store) Transactions(ctx context.Context, limit int) ([]wallet.Transaction, error) {
	return read(ctx, s, func(t *tx) ([]wallet.Transaction, error) { return t.Transactions(ctx, limit) })
}

func (s *Store) Transaction(ctx context.Context, op uuid.UUID) (wallet.Transaction, error) {
	return read(ctx, s, func(t *tx) (wallet.Transaction, error) { return t.Transaction(ctx, op) })
}

func (s *Store) Payments(ctx context.Context, payment string) ([]wallet.Transaction, error) {
	return read(ctx, s, func(t *tx) ([]wallet.Transaction, error) { return t.Payments(ctx, payment) })
}

func (s *Store) Inbox(ctx context.Context) ([]wallet.InboxItem, error) {
	return read(ctx, s, func(t *tx) ([]wallet.InboxItem, error) { return t.Inbox(ctx) })
}

func (s *Store) Login(ctx context.Context, mintURL string) (wallet.StoredLogin, error) {
	return read(ctx, s, func(t *tx) (wallet.StoredLogin, error) { return t.Login(ctx, mintURL) })
}

func (s *Store) CountAuthTokens(ctx context.Context, mintURL string, now int64) (int, error) {
	return read(ctx, s, func(t *tx) (int, error) { return t.CountAuthTokens(ctx, mintURL, now) })
}
