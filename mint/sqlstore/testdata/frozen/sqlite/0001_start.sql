-- A database as it was with migration 0001, with rows in it. Never changed: what
-- such a database holds must be readable for ever.

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

CREATE TABLE sagas (
    operation   INTEGER NOT NULL PRIMARY KEY,
    state       INTEGER NOT NULL CHECK (state IN (1, 2)),
    version     INTEGER NOT NULL,
    owner       BLOB    NOT NULL,
    lease_until INTEGER NOT NULL,
    updated     INTEGER NOT NULL
) STRICT;

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

CREATE TABLE keyset_ids (
    number INTEGER NOT NULL PRIMARY KEY,
    id     BLOB    NOT NULL UNIQUE
) STRICT;

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

-- A finished swap, one that was under way, and a finished issue.
INSERT INTO operations (ref, id, kind, inputs, outputs, created, quote, signatures) VALUES
    (1, X'0190163d869473919f4f7b1c2d3e4f51', 2, 1, 1, 1800000000000, NULL, X'02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee511111111111111111111111111111111111111111111111111111111111111112222222222222222222222222222222222222222222222222222222222222222'),
    (2, X'0190163d869473929f4f7b1c2d3e4f52', 2, 1, 1, 1800000001000, NULL, zeroblob(97)),
    (3, X'0190163d869473939f4f7b1c2d3e4f53', 1, 0, 1, 1800000002000, X'697373756564', X'02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee511111111111111111111111111111111111111111111111111111111111111112222222222222222222222222222222222222222222222222222222222222222');
INSERT INTO sagas (operation, state, version, owner, lease_until, updated) VALUES
    (2, 1, 4, X'736f6d65626f6479', 1800000061000, 1800000001000);
INSERT INTO proofs (y, operation, amount, keyset, created, witness) VALUES
    (X'4cce997d3b518f739663b757deaec95bcd9473c30a14ac2fd04023a739d1a725', 1, 8, 0, 1800000000, X'7b227369676e617475726573223a5b5d7d'),
    (X'2e7158e11c9506f1aa4248bf531298daa7febd6194f003edcd9b93ade6253acf', 2, 8, 0, 1800000001, NULL);
INSERT INTO pending_proofs (operation, y) VALUES (2, X'2e7158e11c9506f1aa4248bf531298daa7febd6194f003edcd9b93ade6253acf');
INSERT INTO outputs (b, operation, position, amount, keyset) VALUES
    (X'0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798', 1, 0, 8, 0),
    (X'02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9', 2, 0, 8, 0),
    (X'02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5', 3, 0, 16, 0);
INSERT INTO unsigned_outputs (operation, position, b) VALUES (2, 0, X'02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9');

-- Quotes: issued, paid with more than 2^63, and open.
INSERT INTO mint_quotes (id, method, unit, amount, request, lookup_id, pubkey, amount_paid, amount_issued,
    pending, expiry, created, paid, issued, updated, polled) VALUES
    (X'697373756564', X'626f6c743131', X'736174', 16, X'6c6e626331', X'6c6f6f6b75702031', NULL, 16, 16, 0, 1800003600000, 1800000000000, 1800000001000, 1800000002000, 1800000002000, 0),
    (X'70616964', X'626f6c743131', X'736174', -9223372036854775808, X'6c6e626332', X'6c6f6f6b75702032', X'0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798', -9223372036854775808, 0, 0, 1800003600000, 1800000000000, 1800000001000, 0, 1800000001000, 0),
    (X'6f70656e', X'626f6c743131', X'736174', 1, X'6c6e626333', X'6c6f6f6b75702033', NULL, 0, 0, 0, 1800003600000, 1800000000000, 0, 0, 1800000000000, 0);
INSERT INTO mint_quote_payments (id, quote, amount, at) VALUES (X'7061796d656e742031', 1, 16, 1800000001000);

INSERT INTO keyset_ids (number, id) VALUES (0, X'00ad268c4d1f5826');
INSERT INTO keyset_snapshot (one, identity, epoch) VALUES (1, X'0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798', 3);
INSERT INTO keysets (position, id, unit, active, input_fee_ppk, final_expiry, issuer_version, keys) VALUES
    (0, X'00ad268c4d1f5826', X'736174', 1, 100, 0, X'4d696e746d61726b2f302e312e30', X'00000000000000080279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');
INSERT INTO config (name, value) VALUES (X'7369676e61746f72795f6964656e74697479', X'303237396265363637656639646362626163353561303632393563653837306230373032396266636462326463653238643935396632383135623136663831373938');
