package sqlstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint"
	"mintmark/signatory"
)

var (
	stmtGetSnapshot = sqldb.Stmt{Name: "keysets.snapshot", SQL: `
		SELECT identity, epoch FROM keyset_snapshot WHERE one = 1 {lock keyset_snapshot}`}
	stmtSetSnapshot = sqldb.Stmt{Name: "keysets.set_snapshot", SQL: `
		INSERT INTO keyset_snapshot (one, identity, epoch) VALUES (1, $1, $2)
		ON CONFLICT (one) DO UPDATE SET identity = excluded.identity, epoch = excluded.epoch`}
	stmtListKeysets = sqldb.Stmt{Name: "keysets.list", SQL: `
		SELECT id, unit, active, input_fee_ppk, final_expiry, issuer_version, keys FROM keysets ORDER BY position`}
	stmtClearKeysets = sqldb.Stmt{Name: "keysets.clear", SQL: `
		DELETE FROM keysets`}
	stmtAddKeyset = sqldb.Stmt{Name: "keysets.add", SQL: `
		INSERT INTO keysets (position, id, unit, active, input_fee_ppk, final_expiry, issuer_version, keys)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`}
)

// keySize is the room of one key: its amount and its point.
const keySize = 8 + bdhke.PointSize

func (t *tx) Keysets(ctx context.Context) (signatory.Snapshot, error) {
	var s signatory.Snapshot
	if err := t.lockTable(ctx, stmtLockSnapshot); err != nil {
		return s, err
	}
	var identity []byte
	if err := t.db.QueryRow(ctx, stmtGetSnapshot).Scan(&identity, &s.Epoch); err != nil {
		return s, fmt.Errorf("reading the keysets: %w", found(err))
	}
	var err error
	if s.Identity, err = parsePoint(identity); err != nil {
		return signatory.Snapshot{}, err
	}
	err = t.db.Query(ctx, stmtListKeysets, func(scan sqldb.Scan) error {
		k, err := scanKeyset(scan)
		s.Keysets = append(s.Keysets, k)
		return err
	})
	if err != nil {
		return signatory.Snapshot{}, fmt.Errorf("reading the keysets: %w", err)
	}
	return s, nil
}

func scanKeyset(scan sqldb.Scan) (k cashu.Keyset, err error) {
	var id, unit, version, keys []byte
	if err = scan(&id, &unit, &k.Active, &k.InputFeePPK, &k.FinalExpiry, &version, &keys); err != nil {
		return k, err
	}
	k.Unit, k.IssuerVersion = cashu.Unit(unit), string(version)
	if k.ID, err = cashu.KeysetIDFromBytes(id); err != nil {
		return k, err
	}
	k.Keys, err = decodeKeys(keys)
	return k, err
}

func (t *tx) SaveKeysets(ctx context.Context, s signatory.Snapshot) error {
	if s.Identity.IsZero() {
		return errors.New("saving keysets: the snapshot has no identity")
	}
	if _, err := t.db.Exec(ctx, stmtSetSnapshot, pointBytes(s.Identity), s.Epoch); err != nil {
		return fmt.Errorf("saving keysets: %w", err)
	}
	if _, err := t.db.Exec(ctx, stmtClearKeysets); err != nil {
		return fmt.Errorf("saving keysets: %w", err)
	}
	rows := make([][]any, len(s.Keysets))
	for i, k := range s.Keysets {
		if _, err := t.keysetNumber(ctx, k.ID); err != nil {
			return err
		}
		rows[i] = []any{i, k.ID.Bytes(), []byte(k.Unit), k.Active, k.InputFeePPK, k.FinalExpiry, []byte(k.IssuerVersion), encodeKeys(k.Keys)}
	}
	if n, err := t.db.ExecMany(ctx, stmtAddKeyset, rows); err != nil || n != len(rows) {
		return fmt.Errorf("saving keysets: %d of %d saved: %w", n, len(rows), err)
	}
	return nil
}

func encodeKeys(keys cashu.Keys) []byte {
	b := make([]byte, 0, keys.Len()*keySize)
	for amount, point := range keys.All() {
		b = binary.BigEndian.AppendUint64(b, uint64(amount))
		b = point.AppendBytes(b)
	}
	return b
}

func decodeKeys(b []byte) (cashu.Keys, error) {
	if len(b) == 0 {
		return cashu.Keys{}, nil
	}
	if len(b)%keySize != 0 {
		return cashu.Keys{}, errors.New("the keys of a keyset in the database are cut short")
	}
	keys := make(map[cashu.Amount]bdhke.Point, len(b)/keySize)
	for ; len(b) > 0; b = b[keySize:] {
		point, err := parsePoint(b[8:keySize])
		if err != nil {
			return cashu.Keys{}, err
		}
		keys[cashu.Amount(binary.BigEndian.Uint64(b))] = point
	}
	return cashu.NewKeys(keys)
}

var (
	stmtGetConfig = sqldb.Stmt{Name: "config.get", SQL: `
		SELECT value FROM config WHERE name = $1`}
	stmtSetConfig = sqldb.Stmt{Name: "config.set", SQL: `
		INSERT INTO config (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`}
	stmtDeleteConfig = sqldb.Stmt{Name: "config.delete", SQL: `
		DELETE FROM config WHERE name = $1`}
)

func (t *tx) Config(ctx context.Context, key mint.ConfigKey) (string, error) {
	if err := t.lockTable(ctx, stmtLockConfig); err != nil {
		return "", err
	}
	var value []byte
	if err := t.db.QueryRow(ctx, stmtGetConfig, []byte(key)).Scan(&value); err != nil {
		return "", fmt.Errorf("reading the configuration %s: %w", key, found(err))
	}
	return string(value), nil
}

func (t *tx) SetConfig(ctx context.Context, key mint.ConfigKey, value string) error {
	if _, err := t.db.Exec(ctx, stmtSetConfig, []byte(key), []byte(value)); err != nil {
		return fmt.Errorf("setting the configuration %s: %w", key, err)
	}
	return nil
}

func (t *tx) DeleteConfig(ctx context.Context, key mint.ConfigKey) error {
	if _, err := t.db.Exec(ctx, stmtDeleteConfig, []byte(key)); err != nil {
		return fmt.Errorf("forgetting the configuration %s: %w", key, err)
	}
	return nil
}
