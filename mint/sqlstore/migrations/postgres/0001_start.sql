-- The mint's tables on PostgreSQL: the same tables and columns as on SQLite, where
-- they are explained. docs/adr/0007-postgresql.md says what differs and why.
--
-- Amounts are unsigned 64-bit numbers kept as the signed ones of the same bits:
-- never compare or add them in SQL. Times are unix milliseconds, 0 for none;
-- proofs.created is unix seconds. Everything from outside is bytea, so that every
-- byte is welcome. Numbers that grow are bigint; integer is only what counts
-- within one operation or counts keysets. Columns stand in an order that leaves no
-- gaps between them.

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
-- Signatures cannot be made smaller, and are read in pieces.
ALTER TABLE operations ALTER COLUMN signatures SET STORAGE EXTERNAL;

-- The first operation number that nobody has taken yet. Processes take blocks.
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

-- Rows of these come and go with every operation. They are swept long before the
-- dead ones outnumber what an index page holds.
ALTER TABLE sagas            SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000);
ALTER TABLE pending_proofs   SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000);
ALTER TABLE unsigned_outputs SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000);
