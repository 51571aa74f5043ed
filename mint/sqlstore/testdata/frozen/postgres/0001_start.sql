-- A database as it was with migration 0001, with rows in it. Never changed: what
-- such a database holds must be readable for ever.

CREATE TABLE operations (
    ref        bigint  NOT NULL PRIMARY KEY,
    created    bigint  NOT NULL,
    kind       integer NOT NULL,
    inputs     integer NOT NULL,
    outputs    integer NOT NULL,
    id         bytea   NOT NULL,
    quote      bytea,
    signatures bytea   NOT NULL
);
ALTER TABLE operations ALTER COLUMN signatures SET STORAGE EXTERNAL;

CREATE TABLE operation_refs (
    one  integer NOT NULL PRIMARY KEY CHECK (one = 1),
    free bigint  NOT NULL
);
INSERT INTO operation_refs (one, free) VALUES (1, 1);

CREATE TABLE sagas (
    operation   bigint  NOT NULL PRIMARY KEY,
    version     bigint  NOT NULL,
    lease_until bigint  NOT NULL,
    updated     bigint  NOT NULL,
    state       integer NOT NULL CHECK (state IN (1, 2)),
    owner       bytea   NOT NULL
);

CREATE TABLE proofs (
    operation bigint  NOT NULL,
    amount    bigint  NOT NULL,
    created   bigint  NOT NULL,
    keyset    integer NOT NULL,
    y         bytea   NOT NULL PRIMARY KEY,
    witness   bytea
);

CREATE TABLE pending_proofs (
    operation bigint NOT NULL,
    y         bytea  NOT NULL,
    PRIMARY KEY (operation, y)
);

CREATE TABLE outputs (
    operation bigint  NOT NULL,
    amount    bigint  NOT NULL,
    keyset    integer NOT NULL,
    position  integer NOT NULL,
    b         bytea   NOT NULL PRIMARY KEY
);

CREATE TABLE unsigned_outputs (
    operation bigint  NOT NULL,
    position  integer NOT NULL,
    b         bytea   NOT NULL,
    PRIMARY KEY (operation, position)
);

CREATE TABLE mint_quotes (
    number        bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    amount        bigint NOT NULL,
    amount_paid   bigint NOT NULL,
    amount_issued bigint NOT NULL,
    pending       bigint NOT NULL,
    expiry        bigint NOT NULL,
    created       bigint NOT NULL,
    paid          bigint NOT NULL,
    issued        bigint NOT NULL,
    updated       bigint NOT NULL,
    polled        bigint NOT NULL,
    id            bytea  NOT NULL UNIQUE,
    method        bytea  NOT NULL,
    unit          bytea  NOT NULL,
    request       bytea  NOT NULL,
    lookup_id     bytea,
    pubkey        bytea
) WITH (fillfactor = 70);

CREATE UNIQUE INDEX mint_quotes_lookup ON mint_quotes (lookup_id, method) WHERE lookup_id IS NOT NULL;

CREATE TABLE mint_quote_payments (
    quote  bigint NOT NULL,
    amount bigint NOT NULL,
    at     bigint NOT NULL,
    id     bytea  NOT NULL PRIMARY KEY
);

CREATE TABLE keyset_ids (
    number integer NOT NULL GENERATED ALWAYS AS IDENTITY (MINVALUE 0 START WITH 0) PRIMARY KEY,
    id     bytea   NOT NULL UNIQUE
);

CREATE TABLE keyset_snapshot (
    one      integer NOT NULL PRIMARY KEY CHECK (one = 1),
    identity bytea   NOT NULL,
    epoch    bigint  NOT NULL
);

CREATE TABLE keysets (
    position       integer NOT NULL PRIMARY KEY,
    active         boolean NOT NULL,
    input_fee_ppk  bigint  NOT NULL,
    final_expiry   bigint  NOT NULL,
    id             bytea   NOT NULL UNIQUE,
    unit           bytea   NOT NULL,
    issuer_version bytea   NOT NULL,
    keys           bytea   NOT NULL
);

CREATE TABLE config (
    name  bytea NOT NULL PRIMARY KEY,
    value bytea NOT NULL
);

ALTER TABLE sagas            SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000);
ALTER TABLE pending_proofs   SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000);
ALTER TABLE unsigned_outputs SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000);

-- A finished swap, one that was under way, and a finished issue.
INSERT INTO operations (ref, id, kind, inputs, outputs, created, quote, signatures) VALUES
    (1, '\x0190163d869473919f4f7b1c2d3e4f51', 2, 1, 1, 1800000000000, NULL, '\x02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee511111111111111111111111111111111111111111111111111111111111111112222222222222222222222222222222222222222222222222222222222222222'),
    (2, '\x0190163d869473929f4f7b1c2d3e4f52', 2, 1, 1, 1800000001000, NULL, ''),
    (3, '\x0190163d869473939f4f7b1c2d3e4f53', 1, 0, 1, 1800000002000, '\x697373756564', '\x02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee511111111111111111111111111111111111111111111111111111111111111112222222222222222222222222222222222222222222222222222222222222222');
INSERT INTO sagas (operation, state, version, owner, lease_until, updated) VALUES
    (2, 1, 4, '\x736f6d65626f6479', 1800000061000, 1800000001000);
INSERT INTO proofs (y, operation, amount, keyset, created, witness) VALUES
    ('\x4cce997d3b518f739663b757deaec95bcd9473c30a14ac2fd04023a739d1a725', 1, 8, 0, 1800000000, '\x7b227369676e617475726573223a5b5d7d'),
    ('\x2e7158e11c9506f1aa4248bf531298daa7febd6194f003edcd9b93ade6253acf', 2, 8, 0, 1800000001, NULL);
INSERT INTO pending_proofs (operation, y) VALUES (2, '\x2e7158e11c9506f1aa4248bf531298daa7febd6194f003edcd9b93ade6253acf');
INSERT INTO outputs (b, operation, position, amount, keyset) VALUES
    ('\x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798', 1, 0, 8, 0),
    ('\x02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9', 2, 0, 8, 0),
    ('\x02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5', 3, 0, 16, 0);
INSERT INTO unsigned_outputs (operation, position, b) VALUES (2, 0, '\x02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9');

-- Quotes: issued, paid with more than 2^63, and open.
INSERT INTO mint_quotes (id, method, unit, amount, request, lookup_id, pubkey, amount_paid, amount_issued,
    pending, expiry, created, paid, issued, updated, polled) VALUES
    ('\x697373756564', '\x626f6c743131', '\x736174', 16, '\x6c6e626331', '\x6c6f6f6b75702031', NULL, 16, 16, 0, 1800003600000, 1800000000000, 1800000001000, 1800000002000, 1800000002000, 0),
    ('\x70616964', '\x626f6c743131', '\x736174', -9223372036854775808, '\x6c6e626332', '\x6c6f6f6b75702032', '\x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798', -9223372036854775808, 0, 0, 1800003600000, 1800000000000, 1800000001000, 0, 1800000001000, 0),
    ('\x6f70656e', '\x626f6c743131', '\x736174', 1, '\x6c6e626333', '\x6c6f6f6b75702033', NULL, 0, 0, 0, 1800003600000, 1800000000000, 0, 0, 1800000000000, 0);
INSERT INTO mint_quote_payments (id, quote, amount, at) VALUES ('\x7061796d656e742031', 1, 16, 1800000001000);

INSERT INTO keyset_ids (id) VALUES ('\x00ad268c4d1f5826');
INSERT INTO keyset_snapshot (one, identity, epoch) VALUES (1, '\x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798', 3);
INSERT INTO keysets (position, id, unit, active, input_fee_ppk, final_expiry, issuer_version, keys) VALUES
    (0, '\x00ad268c4d1f5826', '\x736174', true, 100, 0, '\x4d696e746d61726b2f302e312e30', '\x00000000000000080279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');
INSERT INTO config (name, value) VALUES ('\x7369676e61746f72795f6964656e74697479', '\x303237396265363637656639646362626163353561303632393563653837306230373032396266636462326463653238643935396632383135623136663831373938');
UPDATE operation_refs SET free = 1025;
