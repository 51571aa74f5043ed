-- A wallet's tables on SQLite.
--
-- Amounts are unsigned 64-bit numbers kept as the signed ones of the same bits:
-- never compare or add them in SQL. Times are unix seconds, 0 for none. Words of
-- ours are TEXT; everything from outside is BLOB, so that every byte is welcome.

-- Unfinished operations. A change names the version that it has read.
CREATE TABLE sagas (
    id         BLOB    NOT NULL PRIMARY KEY,
    kind       TEXT    NOT NULL CHECK (kind IN ('send', 'receive', 'swap', 'mint', 'melt')),
    state      TEXT    NOT NULL,
    amount     INTEGER NOT NULL,
    mint_url   BLOB    NOT NULL,
    unit       BLOB    NOT NULL,
    quote_id   BLOB,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    data       BLOB    NOT NULL,
    version    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Names that callers gave to calls. They outlive the operation.
CREATE TABLE saga_keys (
    key  BLOB NOT NULL PRIMARY KEY,
    saga BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE journal (
    number    INTEGER NOT NULL PRIMARY KEY,
    operation BLOB    NOT NULL,
    version   INTEGER NOT NULL,
    state     TEXT    NOT NULL,
    instance  BLOB    NOT NULL,
    at        INTEGER NOT NULL,
    reason    BLOB    NOT NULL
) STRICT;
CREATE INDEX journal_operation ON journal (operation, number);

-- Every coin there ever was. dleq is e, s and r.
CREATE TABLE coins (
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
    state      TEXT    NOT NULL CHECK (state IN ('UNSPENT', 'RESERVED', 'PENDING', 'PENDING_SPENT', 'SPENT')),
    used_by    BLOB,
    created_by BLOB,
    created    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX coins_state ON coins (state, mint_url, unit);
CREATE INDEX coins_used_by ON coins (used_by) WHERE used_by IS NOT NULL;

-- next was never given out.
CREATE TABLE counters (
    keyset BLOB    NOT NULL PRIMARY KEY,
    next   INTEGER NOT NULL CHECK (next >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE key_indexes (
    purpose BLOB    NOT NULL PRIMARY KEY,
    next    INTEGER NOT NULL CHECK (next >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE quotes (
    direction   TEXT    NOT NULL CHECK (direction IN ('mint', 'melt')),
    mint_url    BLOB    NOT NULL,
    id          BLOB    NOT NULL,
    method      BLOB    NOT NULL,
    unit        BLOB    NOT NULL,
    amount      INTEGER NOT NULL,
    fee_reserve INTEGER NOT NULL,
    request     BLOB    NOT NULL,
    state       BLOB    NOT NULL,
    paid        INTEGER NOT NULL,
    issued      INTEGER NOT NULL,
    expiry      INTEGER NOT NULL,
    key_index   INTEGER NOT NULL,
    proof       BLOB,
    used_by     BLOB,
    created     INTEGER NOT NULL,
    updated     INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    PRIMARY KEY (direction, mint_url, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX quotes_used_by ON quotes (used_by) WHERE used_by IS NOT NULL;

CREATE TABLE mints (
    url     BLOB    NOT NULL PRIMARY KEY,
    name    BLOB    NOT NULL,
    trusted INTEGER NOT NULL,
    info    BLOB    NOT NULL,
    fetched INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- keys is amount (8 bytes, big endian) and point (33 bytes) for each key.
CREATE TABLE keysets (
    mint_url      BLOB    NOT NULL,
    id            BLOB    NOT NULL,
    unit          BLOB    NOT NULL,
    active        INTEGER NOT NULL,
    input_fee_ppk INTEGER NOT NULL,
    final_expiry  INTEGER NOT NULL,
    keys          BLOB    NOT NULL,
    PRIMARY KEY (mint_url, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE transactions (
    operation BLOB    NOT NULL PRIMARY KEY,
    kind      TEXT    NOT NULL,
    mint_url  BLOB    NOT NULL,
    unit      BLOB    NOT NULL,
    amount    INTEGER NOT NULL,
    fee       INTEGER NOT NULL,
    incoming  INTEGER NOT NULL,
    status    TEXT    NOT NULL CHECK (status IN ('pending', 'completed', 'failed')),
    memo      BLOB    NOT NULL,
    quote_id  BLOB    NOT NULL,
    request   BLOB    NOT NULL,
    token     BLOB    NOT NULL,
    proof     BLOB    NOT NULL,
    at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX transactions_at ON transactions (at, operation);

CREATE TABLE inbox (
    id       BLOB    NOT NULL PRIMARY KEY,
    token    BLOB    NOT NULL,
    amount   INTEGER NOT NULL,
    unit     BLOB    NOT NULL,
    mint_url BLOB    NOT NULL,
    reason   BLOB    NOT NULL,
    at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
