-- The mint's tables on SQLite. docs/adr/0003-storage.md says why they look so.
--
-- Amounts are unsigned 64-bit numbers kept as the signed ones of the same bits:
-- never compare or add them in SQL. Times are unix milliseconds, 0 for none;
-- proofs.created is unix seconds. Names and ids from outside are BLOB, so that
-- every byte is welcome. keyset is keyset_ids.number.

-- Every swap and every issue. ref is given by the program and never again.
-- signatures is outputs * 97 bytes, C_ e s for each position, zero until signed:
-- with its full size from the start, the row never moves.
CREATE TABLE operations (
    ref        INTEGER NOT NULL PRIMARY KEY,
    id         BLOB    NOT NULL,
    kind       INTEGER NOT NULL,
    inputs     INTEGER NOT NULL,
    outputs    INTEGER NOT NULL,
    created    INTEGER NOT NULL,
    quote      BLOB,
    signatures BLOB    NOT NULL
) STRICT;

-- Operations that are not finished.
CREATE TABLE sagas (
    operation   INTEGER NOT NULL PRIMARY KEY,
    state       INTEGER NOT NULL CHECK (state IN (1, 2)),
    version     INTEGER NOT NULL,
    owner       BLOB    NOT NULL,
    lease_until INTEGER NOT NULL,
    updated     INTEGER NOT NULL
) STRICT;

-- Every proof that was ever taken; y is the guard against double spending. A
-- proof is pending while pending_proofs has it, and spent when it does not. So
-- finishing touches nothing here, and there is no way out of spent.
CREATE TABLE proofs (
    y         BLOB    NOT NULL PRIMARY KEY,
    operation INTEGER NOT NULL,
    amount    INTEGER NOT NULL,
    keyset    INTEGER NOT NULL,
    created   INTEGER NOT NULL,
    witness   BLOB
) STRICT, WITHOUT ROWID;

CREATE TABLE pending_proofs (
    operation INTEGER NOT NULL,
    y         BLOB    NOT NULL,
    PRIMARY KEY (operation, y)
) STRICT, WITHOUT ROWID;

-- Every blinded message that was ever reserved. It is signed when
-- unsigned_outputs does not have it; its signature is at its position in
-- operations.signatures.
CREATE TABLE outputs (
    b         BLOB    NOT NULL PRIMARY KEY,
    operation INTEGER NOT NULL,
    position  INTEGER NOT NULL,
    amount    INTEGER NOT NULL,
    keyset    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE unsigned_outputs (
    operation INTEGER NOT NULL,
    position  INTEGER NOT NULL,
    b         BLOB    NOT NULL,
    PRIMARY KEY (operation, position)
) STRICT, WITHOUT ROWID;

-- pending is the operation that issues right now, 0 for none. polled is when
-- the backend was last asked.
CREATE TABLE mint_quotes (
    number        INTEGER NOT NULL PRIMARY KEY,
    id            BLOB    NOT NULL UNIQUE,
    method        BLOB    NOT NULL,
    unit          BLOB    NOT NULL,
    amount        INTEGER NOT NULL,
    request       BLOB    NOT NULL,
    lookup_id     BLOB,
    pubkey        BLOB,
    amount_paid   INTEGER NOT NULL,
    amount_issued INTEGER NOT NULL,
    pending       INTEGER NOT NULL,
    expiry        INTEGER NOT NULL,
    created       INTEGER NOT NULL,
    paid          INTEGER NOT NULL,
    issued        INTEGER NOT NULL,
    updated       INTEGER NOT NULL,
    polled        INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX mint_quotes_lookup ON mint_quotes (lookup_id, method);

CREATE TABLE mint_quote_payments (
    id     BLOB    NOT NULL PRIMARY KEY,
    quote  INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Small numbers for keyset ids. Rows never change.
CREATE TABLE keyset_ids (
    number INTEGER NOT NULL PRIMARY KEY,
    id     BLOB    NOT NULL UNIQUE
) STRICT;

-- The last snapshot of the signatory: one row here, one for each keyset below.
-- keys is amount (8 bytes, big endian) and point (33 bytes) for each key.
CREATE TABLE keyset_snapshot (
    one      INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    identity BLOB    NOT NULL,
    epoch    INTEGER NOT NULL
) STRICT;

CREATE TABLE keysets (
    position       INTEGER NOT NULL PRIMARY KEY,
    id             BLOB    NOT NULL UNIQUE,
    unit           BLOB    NOT NULL,
    active         INTEGER NOT NULL,
    input_fee_ppk  INTEGER NOT NULL,
    final_expiry   INTEGER NOT NULL,
    issuer_version BLOB    NOT NULL,
    keys           BLOB    NOT NULL
) STRICT;

CREATE TABLE config (
    name  BLOB NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
