package sqlstore

import (
	"context"
	"fmt"
	"math"

	"github.com/google/uuid"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

const transactionColumns = `operation, kind, mint_url, unit, amount, fee, incoming, status, memo, quote_id, request, token, proof, at,
		payment, payment_group`

var (
	stmtPutTransaction = sqldb.Stmt{Name: "transactions.put", SQL: `
		INSERT INTO transactions (` + transactionColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
		ON CONFLICT (operation) DO UPDATE SET kind = excluded.kind, mint_url = excluded.mint_url, unit = excluded.unit,
			amount = excluded.amount, fee = excluded.fee, incoming = excluded.incoming, status = excluded.status,
			memo = excluded.memo, quote_id = excluded.quote_id, request = excluded.request, token = excluded.token,
			proof = excluded.proof, at = excluded.at,
			payment = excluded.payment, payment_group = excluded.payment_group
		WHERE transactions.status IN ('pending', 'abandoned') OR transactions.status = excluded.status`}
	stmtGetTransaction = sqldb.Stmt{Name: "transactions.get", SQL: `SELECT ` + transactionColumns + ` FROM transactions WHERE operation = $1`}
	stmtTokenReceived  = sqldb.Stmt{Name: "transactions.received", SQL: `
		SELECT ` + transactionColumns + ` FROM transactions
		WHERE kind = 'receive' AND status IN ('pending', 'completed') AND token = $1 ORDER BY status LIMIT 1`}
	stmtListTransactions = sqldb.Stmt{Name: "transactions.list", SQL: `
		SELECT ` + transactionColumns + ` FROM transactions ORDER BY at DESC, operation DESC LIMIT $1`}

	stmtRemoveTransaction = sqldb.Stmt{Name: "transactions.remove", SQL: `DELETE FROM transactions WHERE operation = $1`}

	stmtAddInbox    = sqldb.Stmt{Name: "inbox.add", SQL: `INSERT INTO inbox (id, token, amount, unit, mint_url, reason, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`}
	stmtListInbox   = sqldb.Stmt{Name: "inbox.list", SQL: `SELECT id, token, amount, unit, mint_url, reason, at FROM inbox ORDER BY at, id`}
	stmtRemoveInbox = sqldb.Stmt{Name: "inbox.remove", SQL: `DELETE FROM inbox WHERE id = $1`}
)

func (t *tx) PutTransaction(ctx context.Context, e wallet.Transaction) error {
	_, err := t.db.Exec(ctx, stmtPutTransaction, e.Operation[:], string(e.Kind), text(e.MintURL), text(e.Unit), uint64(e.Amount), uint64(e.Fee),
		e.Incoming, e.Status, text(e.Memo), text(e.QuoteID), text(e.Request), text(e.Token), text(e.Proof), e.At,
		text(e.Payment), maybeID(e.Group))
	if err != nil {
		return fmt.Errorf("writing the history: %w", err)
	}
	return nil
}

func (t *tx) RemoveTransaction(ctx context.Context, op uuid.UUID) error {
	n, err := t.db.Exec(ctx, stmtRemoveTransaction, op[:])
	if err == nil && n == 0 {
		err = wallet.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("removing an entry of the history: %w", err)
	}
	return nil
}

func scanTransaction(scan func(dest ...any) error) (e wallet.Transaction, err error) {
	var (
		op, group                []byte
		kind, unit, token, proof string
		amount, fee              uint64
	)
	err = scan(&op, &kind, &e.MintURL, &unit, &amount, &fee, &e.Incoming, &e.Status, &e.Memo, &e.QuoteID, &e.Request, &token, &proof, &e.At,
		&e.Payment, &group)
	if err != nil {
		return e, found(err)
	}
	e.Kind, e.Unit, e.Amount, e.Fee = wallet.Kind(kind), cashu.Unit(unit), cashu.Amount(amount), cashu.Amount(fee)
	e.Token, e.Proof = wallet.Secret(token), wallet.Secret(proof)
	if e.Group, err = parseID(group); err != nil {
		return e, err
	}
	e.Operation, err = parseID(op)
	return e, err
}

func (t *tx) Transaction(ctx context.Context, op uuid.UUID) (wallet.Transaction, error) {
	e, err := scanTransaction(t.db.QueryRow(ctx, stmtGetTransaction, op[:]).Scan)
	if err != nil {
		return wallet.Transaction{}, fmt.Errorf("reading the history: %w", err)
	}
	return e, nil
}

func (t *tx) TokenReceived(ctx context.Context, token wallet.Secret) (wallet.Transaction, error) {
	e, err := scanTransaction(t.db.QueryRow(ctx, stmtTokenReceived, text(token)).Scan)
	if err != nil {
		return wallet.Transaction{}, fmt.Errorf("reading the history: %w", err)
	}
	return e, nil
}

func (t *tx) Transactions(ctx context.Context, limit int) ([]wallet.Transaction, error) {
	if limit <= 0 {
		limit = math.MaxInt32
	}
	list := []wallet.Transaction{}
	err := t.db.Query(ctx, stmtListTransactions, func(scan sqldb.Scan) error {
		e, err := scanTransaction(scan)
		list = append(list, e)
		return err
	}, limit)
	if err != nil {
		return nil, fmt.Errorf("reading the history: %w", err)
	}
	return list, nil
}

func (t *tx) AddInbox(ctx context.Context, i wallet.InboxItem) error {
	_, err := t.db.Exec(ctx, stmtAddInbox, i.ID[:], text(i.Token), uint64(i.Amount), text(i.Unit), text(i.MintURL), text(i.Reason), i.At)
	if err != nil {
		return fmt.Errorf("putting a token aside: %w", err)
	}
	return nil
}

func (t *tx) Inbox(ctx context.Context) ([]wallet.InboxItem, error) {
	list := []wallet.InboxItem{}
	err := t.db.Query(ctx, stmtListInbox, func(scan sqldb.Scan) error {
		var i wallet.InboxItem
		var id []byte
		var token, unit string
		var amount uint64
		err := scan(&id, &token, &amount, &unit, &i.MintURL, &i.Reason, &i.At)
		if err != nil {
			return err
		}
		i.Token, i.Unit, i.Amount = wallet.Secret(token), cashu.Unit(unit), cashu.Amount(amount)
		i.ID, err = parseID(id)
		list = append(list, i)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading tokens put aside: %w", err)
	}
	return list, nil
}

func (t *tx) RemoveInbox(ctx context.Context, id uuid.UUID) error {
	n, err := t.db.Exec(ctx, stmtRemoveInbox, id[:])
	if err != nil {
		return fmt.Errorf("removing a token put aside: %w", err)
	}
	if n == 0 {
		return fmt.Errorf("removing a token put aside: %w", wallet.ErrNotFound)
	}
	return nil
}
