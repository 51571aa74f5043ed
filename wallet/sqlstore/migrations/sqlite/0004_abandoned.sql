-- What its owner has given up stays where it is, with a mark: operations, and the
-- coins that they hold. A token that was taken back is a word of its own.
ALTER TABLE sagas ADD COLUMN abandoned INTEGER NOT NULL DEFAULT 0;

CREATE TABLE coins_new (
    y          BLOB    NOT NULL PRIMARY KEY,
    mint_url   BLOB    NOT NULL,
    unit       BLOB    NOT NULL,
    keyset     BLOB    NOT NULL,
    amount     INTEGER NOT NULL,
    secret     BLOB    NOT NULL,
    c          BLOB    NOT NULL,
    witness    BLOB,
    dleq       BLOB,
    e          BLOB,
    counter    INTEGER NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('UNSPENT', 'RESERVED', 'PENDING', 'PENDING_SPENT', 'SPENT', 'ABANDONED')),
    used_by    BLOB,
    created_by BLOB,
    created    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO coins_new (y, mint_url, unit, keyset, amount, secret, c, witness, dleq, e, counter, state, used_by, created_by, created)
    SELECT y, mint_url, unit, keyset, amount, secret, c, witness, dleq, e, counter, state, used_by, created_by, created FROM coins;
DROP TABLE coins;
ALTER TABLE coins_new RENAME TO coins;
CREATE INDEX coins_state ON coins (state, mint_url, unit);
CREATE INDEX coins_used_by ON coins (used_by) WHERE used_by IS NOT NULL;

CREATE TABLE transactions_new (
    operation BLOB    NOT NULL PRIMARY KEY,
    kind      TEXT    NOT NULL,
    mint_url  BLOB    NOT NULL,
    unit      BLOB    NOT NULL,
    amount    INTEGER NOT NULL,
    fee       INTEGER NOT NULL,
    incoming  INTEGER NOT NULL,
    status    TEXT    NOT NULL CHECK (status IN ('pending', 'completed', 'failed', 'taken_back', 'abandoned')),
    memo      BLOB    NOT NULL,
    quote_id  BLOB    NOT NULL,
    request   BLOB    NOT NULL,
    token     BLOB    NOT NULL,
    proof     BLOB    NOT NULL,
    at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO transactions_new (operation, kind, mint_url, unit, amount, fee, incoming, status, memo, quote_id, request, token, proof, at)
    SELECT operation, kind, mint_url, unit, amount, fee, incoming, CASE WHEN kind = 'send' AND status = 'failed' THEN 'taken_back' ELSE status END,
        memo, quote_id, request, token, proof, at FROM transactions;
DROP TABLE transactions;
ALTER TABLE transactions_new RENAME TO transactions;
CREATE INDEX transactions_at ON transactions (at, operation);
