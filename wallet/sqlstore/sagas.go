package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

const sagaColumns = `id, kind, state, amount, mint_url, unit, quote_id, created_at, updated_at, data, version`

var (
	stmtAddSaga = sqldb.Stmt{Name: "sagas.add", SQL: `
		INSERT INTO sagas (` + sagaColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING`}
	stmtUpdateSaga = sqldb.Stmt{Name: "sagas.update", SQL: `
		UPDATE sagas SET kind = $1, state = $2, amount = $3, mint_url = $4, unit = $5, quote_id = $6, created_at = $7,
			updated_at = $8, data = $9, version = $10
		WHERE id = $11 AND version = $12`}
	stmtDeleteSaga  = sqldb.Stmt{Name: "sagas.delete", SQL: `DELETE FROM sagas WHERE id = $1 AND version = $2`}
	stmtGetSaga     = sqldb.Stmt{Name: "sagas.get", SQL: `SELECT ` + sagaColumns + ` FROM sagas WHERE id = $1 AND abandoned = $2 {lock sagas}`}
	stmtListSagas   = sqldb.Stmt{Name: "sagas.list", SQL: `SELECT ` + sagaColumns + ` FROM sagas WHERE abandoned = $1 ORDER BY created_at, id {lock sagas}`}
	stmtAbandonSaga = sqldb.Stmt{Name: "sagas.abandon", SQL: `
		UPDATE sagas SET abandoned = $1 WHERE id = $2 AND version = $3 AND abandoned <> $1`}

	stmtAddSagaKey = sqldb.Stmt{Name: "saga_keys.add", SQL: `INSERT INTO saga_keys (key, saga, args) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING`}
	stmtGetKeyArgs = sqldb.Stmt{Name: "saga_keys.args", SQL: `SELECT args FROM saga_keys WHERE key = $1`}
	stmtGetSagaKey = sqldb.Stmt{Name: "saga_keys.get", SQL: `SELECT saga FROM saga_keys WHERE key = $1`}

	stmtAddJournal = sqldb.Stmt{Name: "journal.add", SQL: `
		INSERT INTO journal (operation, version, state, instance, at, reason) VALUES ($1, $2, $3, $4, $5, $6)`}
	stmtListJournal = sqldb.Stmt{Name: "journal.list", SQL: `
		SELECT version, state, instance, at, reason FROM journal WHERE operation = $1 ORDER BY number`}
)

// sagaColumnsOf encodes everything of a saga behind its id and before its
// version.
func sagaColumnsOf(s wallet.Saga) ([]any, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	state, err := cashu.Encode(s.State)
	if err != nil {
		return nil, err
	}
	data, err := wallet.EncodeData(s.Data)
	if err != nil {
		return nil, err
	}
	return []any{string(s.Kind), string(state), uint64(s.Amount), text(s.MintURL), text(s.Unit), maybe(s.QuoteID), s.Created, s.Updated, data}, nil
}

func (t *tx) AddSaga(ctx context.Context, s wallet.Saga) error {
	if s.Version != 0 {
		return fmt.Errorf("adding a saga of version %d", s.Version)
	}
	columns, err := sagaColumnsOf(s)
	if err != nil {
		return fmt.Errorf("adding a saga: %w", err)
	}
	n, err := t.db.Exec(ctx, stmtAddSaga, append(append([]any{s.ID[:]}, columns...), s.Version)...)
	if err != nil {
		return fmt.Errorf("adding a saga: %w", err)
	}
	if n == 0 {
		return t.fail(fmt.Errorf("adding a saga: its id %w", wallet.ErrExists))
	}
	key := s.Data.Common().IdempotencyKey
	if key == "" {
		return nil
	}
	if n, err = t.db.Exec(ctx, stmtAddSagaKey, text(key), s.ID[:], maybe(s.Data.Common().IdempotencyArgs)); err != nil {
		return fmt.Errorf("adding the key of a saga: %w", err)
	}
	if n == 0 {
		return t.fail(fmt.Errorf("adding a saga: its key %w", wallet.ErrExists))
	}
	return nil
}

func (t *tx) UpdateSaga(ctx context.Context, s wallet.Saga) (bool, error) {
	if s.Version == 0 {
		return false, errors.New("storing a saga whose state was not updated")
	}
	columns, err := sagaColumnsOf(s)
	if err != nil {
		return false, fmt.Errorf("storing a saga: %w", err)
	}
	n, err := t.db.Exec(ctx, stmtUpdateSaga, append(columns, s.Version, s.ID[:], s.Version-1)...)
	if err != nil {
		return false, fmt.Errorf("storing a saga: %w", err)
	}
	return n == 1, nil
}

func (t *tx) AbandonSaga(ctx context.Context, s wallet.Saga, abandoned bool) (bool, error) {
	ok, err := t.UpdateSaga(ctx, s)
	if err != nil || !ok {
		return ok, err
	}
	n, err := t.db.Exec(ctx, stmtAbandonSaga, abandoned, s.ID[:], s.Version)
	if err == nil && n == 0 {
		err = t.fail(errors.New("nothing changes by it"))
	}
	if err != nil {
		return false, fmt.Errorf("giving a saga up or taking it up: %w", err)
	}
	return true, nil
}

func (t *tx) DeleteSaga(ctx context.Context, id uuid.UUID, version uint32) (bool, error) {
	n, err := t.db.Exec(ctx, stmtDeleteSaga, id[:], version)
	if err != nil {
		return false, fmt.Errorf("removing a saga: %w", err)
	}
	return n == 1, nil
}

func scanSaga(scan func(dest ...any) error) (s wallet.Saga, err error) {
	var (
		id, quote, data, mintURL, unit []byte
		kind, state                    string
		amount                         uint64
	)
	if err := scan(&id, &kind, &state, &amount, &mintURL, &unit, &quote, &s.Created, &s.Updated, &data, &s.Version); err != nil {
		return s, found(err)
	}
	s.Amount, s.MintURL, s.Unit, s.QuoteID = cashu.Amount(amount), string(mintURL), cashu.Unit(unit), string(quote)
	if s.ID, err = parseID(id); err != nil {
		return s, err
	}
	if s.Kind, err = wallet.ParseKind(kind); err != nil {
		return s, err
	}
	if err = cashu.Decode([]byte(state), &s.State); err != nil {
		return s, errors.New("its state is unknown")
	}
	if s.Data, err = wallet.DecodeData(data); err != nil {
		return s, err
	}
	return s, s.Validate()
}

func (t *tx) Saga(ctx context.Context, id uuid.UUID) (wallet.Saga, error) {
	s, err := scanSaga(t.db.QueryRow(ctx, stmtGetSaga, id[:], false).Scan)
	if err != nil {
		return wallet.Saga{}, fmt.Errorf("reading the saga %s: %w", id, err)
	}
	return s, nil
}

func (t *tx) Sagas(ctx context.Context) ([]wallet.Saga, error) { return t.sagas(ctx, false) }

func (t *tx) Abandoned(ctx context.Context) ([]wallet.Saga, error) { return t.sagas(ctx, true) }

func (t *tx) sagas(ctx context.Context, abandoned bool) ([]wallet.Saga, error) {
	var sagas []wallet.Saga
	var broken []string
	err := t.db.Query(ctx, stmtListSagas, func(scan sqldb.Scan) error {
		s, err := scanSaga(scan)
		if err != nil {
			broken = append(broken, fmt.Sprintf("%s (%v)", s.ID, err))
			return nil
		}
		sagas = append(sagas, s)
		return nil
	}, abandoned)
	if err != nil {
		return nil, fmt.Errorf("reading sagas: %w", err)
	}
	if len(broken) > 0 {
		return sagas, &wallet.UnreadableError{Rows: broken}
	}
	return sagas, nil
}

func (t *tx) SagaByKey(ctx context.Context, key string) (uuid.UUID, error) {
	var id []byte
	if err := t.db.QueryRow(ctx, stmtGetSagaKey, text(key)).Scan(&id); err != nil {
		return uuid.Nil, fmt.Errorf("finding a saga by its key: %w", found(err))
	}
	return parseID(id)
}

func (t *tx) KeyArgs(ctx context.Context, key string) (string, error) {
	var args []byte
	if err := t.db.QueryRow(ctx, stmtGetKeyArgs, text(key)).Scan(&args); err != nil {
		return "", fmt.Errorf("reading what a key is for: %w", found(err))
	}
	return string(args), nil
}

func (t *tx) AddJournal(ctx context.Context, e wallet.JournalEntry) error {
	state := "" // ended
	if e.State != 0 {
		state = e.State.Family() + "." + e.State.String()
	}
	_, err := t.db.Exec(ctx, stmtAddJournal, e.Operation[:], e.Version, state, text(e.Instance), e.At, text(e.Reason))
	if err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

func (t *tx) Journal(ctx context.Context, id uuid.UUID) ([]wallet.JournalEntry, error) {
	var entries []wallet.JournalEntry
	err := t.db.Query(ctx, stmtListJournal, func(scan sqldb.Scan) error {
		e := wallet.JournalEntry{Operation: id}
		var state string
		if err := scan(&e.Version, &state, &e.Instance, &e.At, &e.Reason); err != nil {
			return err
		}
		if family, step, ok := strings.Cut(state, "."); ok {
			var err error
			if e.State, err = wallet.ParseState(family, step); err != nil {
				return err
			}
		}
		entries = append(entries, e)
		return nil
	}, id[:])
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	return entries, nil
}
