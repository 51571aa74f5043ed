package sqlstore

import (
	"context"
	"fmt"
	"math"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

var (
	stmtGetLogin = sqldb.Stmt{Name: "logins.get", SQL: `
		SELECT discovery, client_id, since, expires, sealed, renewing, version FROM logins WHERE mint_url = $1`}
	stmtPutLogin = sqldb.Stmt{Name: "logins.put", SQL: `
		INSERT INTO logins (mint_url, discovery, client_id, since, expires, sealed, renewing, version) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)
		ON CONFLICT (mint_url) DO UPDATE SET discovery = excluded.discovery, client_id = excluded.client_id, since = excluded.since,
			expires = excluded.expires, sealed = excluded.sealed, renewing = excluded.renewing, version = logins.version + 1`}
	stmtUpdateLogin = sqldb.Stmt{Name: "logins.update", SQL: `
		UPDATE logins SET expires = $1, sealed = $2, renewing = $3, version = version + 1 WHERE mint_url = $4 AND version = $5`}
	stmtRemoveLogin = sqldb.Stmt{Name: "logins.remove", SQL: `DELETE FROM logins WHERE mint_url = $1 AND version = $2`}

	stmtCountAuthTokens = sqldb.Stmt{Name: "auth_tokens.count", SQL: `SELECT count(*) FROM auth_tokens WHERE mint_url = $1 AND expires > $2`}
	stmtAddAuthToken    = sqldb.Stmt{Name: "auth_tokens.add", SQL: `
		INSERT INTO auth_tokens (mint_url, secret, keyset, c, expires) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (mint_url, secret) DO NOTHING`}
	stmtNextAuthToken = sqldb.Stmt{Name: "auth_tokens.next", SQL: `
		SELECT secret, keyset, c FROM auth_tokens WHERE mint_url = $1 AND expires > $2 ORDER BY expires, secret LIMIT 1 {lock auth_tokens}`}
	stmtTakeAuthToken    = sqldb.Stmt{Name: "auth_tokens.take", SQL: `DELETE FROM auth_tokens WHERE mint_url = $1 AND secret = $2`}
	stmtExpireAuthTokens = sqldb.Stmt{Name: "auth_tokens.expire", SQL: `DELETE FROM auth_tokens WHERE mint_url = $1 AND expires <= $2`}
	stmtDropAuthTokens   = sqldb.Stmt{Name: "auth_tokens.drop", SQL: `DELETE FROM auth_tokens WHERE mint_url = $1 AND keyset = $2`}
	stmtPutAuthKey       = sqldb.Stmt{Name: "auth_keys.put", SQL: `
		INSERT INTO auth_keys (mint_url, keyset, key) VALUES ($1, $2, $3)
		ON CONFLICT (mint_url, keyset) DO UPDATE SET key = excluded.key WHERE auth_keys.key = excluded.key`}
	stmtDropAllAuthTokens = sqldb.Stmt{Name: "auth_tokens.drop_all", SQL: `DELETE FROM auth_tokens WHERE mint_url = $1`}
)

func (t *tx) Login(ctx context.Context, mintURL string) (wallet.StoredLogin, error) {
	l := wallet.StoredLogin{MintURL: mintURL}
	err := t.db.QueryRow(ctx, stmtGetLogin, text(mintURL)).Scan(&l.Discovery, &l.ClientID, &l.Since, &l.Expires, &l.Sealed, &l.Renewing, &l.Version)
	if err != nil {
		return wallet.StoredLogin{}, fmt.Errorf("reading a login: %w", found(err))
	}
	return l, nil
}

func (t *tx) PutLogin(ctx context.Context, l wallet.StoredLogin) error {
	_, err := t.db.Exec(ctx, stmtPutLogin, text(l.MintURL), text(l.Discovery), text(l.ClientID), l.Since, l.Expires, text(string(l.Sealed)), l.Renewing)
	if err != nil {
		return fmt.Errorf("keeping a login: %w", err)
	}
	return nil
}

func (t *tx) UpdateLogin(ctx context.Context, l wallet.StoredLogin) error {
	n, err := t.db.Exec(ctx, stmtUpdateLogin, l.Expires, text(string(l.Sealed)), l.Renewing, text(l.MintURL), l.Version)
	return changedLogin("renewing a login", n, err)
}

func (t *tx) RemoveLogin(ctx context.Context, mintURL string, version uint32) error {
	n, err := t.db.Exec(ctx, stmtRemoveLogin, text(mintURL), version)
	return changedLogin("removing a login", n, err)
}

func changedLogin(what string, n int64, err error) error {
	if err == nil && n == 0 {
		err = wallet.ErrTakenOver
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func (t *tx) CountAuthTokens(ctx context.Context, mintURL string, now int64) (int, error) {
	var n int
	if err := t.db.QueryRow(ctx, stmtCountAuthTokens, text(mintURL), now).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting blind tokens: %w", err)
	}
	return n, nil
}

func (t *tx) AddAuthTokens(ctx context.Context, mintURL string, expires int64, tokens []cashu.BlindAuthToken) error {
	if expires == 0 {
		expires = math.MaxInt64
	}
	for _, token := range tokens {
		if _, err := t.db.Exec(ctx, stmtAddAuthToken, text(mintURL), text(token.Secret), token.ID.Bytes(), pointBytes(token.C), expires); err != nil {
			return fmt.Errorf("keeping blind tokens: %w", err)
		}
	}
	return nil
}

func (t *tx) TakeAuthToken(ctx context.Context, mintURL string, now int64) (cashu.BlindAuthToken, error) {
	if _, err := t.db.Exec(ctx, stmtExpireAuthTokens, text(mintURL), now); err != nil {
		return cashu.BlindAuthToken{}, fmt.Errorf("taking a blind token: %w", err)
	}
	// A row that another process takes meanwhile is waited for, and is gone then:
	// there may be others.
	for range 100 {
		var token cashu.BlindAuthToken
		var id, c []byte
		err := t.db.QueryRow(ctx, stmtNextAuthToken, text(mintURL), now).Scan(&token.Secret, &id, &c)
		if err != nil {
			left, countErr := t.CountAuthTokens(ctx, mintURL, now)
			if countErr == nil && left > 0 && found(err) == wallet.ErrNotFound {
				continue
			}
			return cashu.BlindAuthToken{}, fmt.Errorf("taking a blind token: %w", found(err))
		}
		n, err := t.db.Exec(ctx, stmtTakeAuthToken, text(mintURL), text(token.Secret))
		if err != nil {
			return cashu.BlindAuthToken{}, fmt.Errorf("taking a blind token: %w", err)
		}
		if n == 0 {
			continue
		}
		if token.ID, err = cashu.KeysetIDFromBytes(id); err != nil {
			return cashu.BlindAuthToken{}, fmt.Errorf("taking a blind token: %w", err)
		}
		token.C, err = parsePoint(c)
		return token, err
	}
	return cashu.BlindAuthToken{}, fmt.Errorf("taking a blind token: %w", wallet.ErrTakenOver)
}

func (t *tx) PutAuthKey(ctx context.Context, mintURL string, keyset cashu.KeysetID, key bdhke.Point) error {
	n, err := t.db.Exec(ctx, stmtPutAuthKey, text(mintURL), keyset.Bytes(), pointBytes(key))
	if err != nil {
		return fmt.Errorf("remembering the key of blind tokens: %w", err)
	}
	if n == 0 {
		return t.fail(fmt.Errorf("the keyset %v %w with another key", keyset, wallet.ErrExists))
	}
	return nil
}

func (t *tx) DropAuthTokens(ctx context.Context, mintURL string, keyset cashu.KeysetID) error {
	var err error
	if keyset.IsZero() {
		_, err = t.db.Exec(ctx, stmtDropAllAuthTokens, text(mintURL))
	} else {
		_, err = t.db.Exec(ctx, stmtDropAuthTokens, text(mintURL), keyset.Bytes())
	}
	if err != nil {
		return fmt.Errorf("dropping blind tokens: %w", err)
	}
	return nil
}
