-- A wallet's tables on PostgreSQL: the same as on SQLite, where they are explained.

CREATE TABLE sagas (
    id         bytea  NOT NULL PRIMARY KEY,
    kind       text   NOT NULL CHECK (kind IN ('send', 'receive', 'swap', 'mint', 'melt')),
    state      text   NOT NULL,
    amount     bigint NOT NULL,
    mint_url   bytea  NOT NULL,
    unit       bytea  NOT NULL,
    quote_id   bytea,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    data       bytea  NOT NULL,
    version    bigint NOT NULL
);

CREATE TABLE saga_keys (
    key  bytea NOT NULL PRIMARY KEY,
    saga bytea NOT NULL
);

CREATE TABLE journal (
    number    bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operation bytea  NOT NULL,
    version   bigint NOT NULL,
    state     text   NOT NULL,
    instance  bytea  NOT NULL,
    at        bigint NOT NULL,
    reason    bytea  NOT NULL
);
CREATE INDEX journal_operation ON journal (operation, number);

CREATE TABLE coins (
    y          bytea  NOT NULL PRIMARY KEY,
    mint_url   bytea  NOT NULL,
    unit       bytea  NOT NULL,
    keyset     bytea  NOT NULL,
    amount     bigint NOT NULL,
    secret     bytea  NOT NULL,
    c          bytea  NOT NULL,
    witness    bytea,
    dleq       bytea,
    e          bytea,
    counter    bigint NOT NULL,
    state      text   NOT NULL CHECK (state IN ('UNSPENT', 'RESERVED', 'PENDING', 'PENDING_SPENT', 'SPENT')),
    used_by    bytea,
    created_by bytea,
    created    bigint NOT NULL
);
CREATE INDEX coins_state ON coins (state, mint_url, unit);
CREATE INDEX coins_used_by ON coins (used_by) WHERE used_by IS NOT NULL;

CREATE TABLE counters (
    keyset bytea  NOT NULL PRIMARY KEY,
    next   bigint NOT NULL CHECK (next >= 0)
);

CREATE TABLE key_indexes (
    purpose bytea  NOT NULL PRIMARY KEY,
    next    bigint NOT NULL CHECK (next >= 0)
);

CREATE TABLE quotes (
    direction   text   NOT NULL CHECK (direction IN ('mint', 'melt')),
    mint_url    bytea  NOT NULL,
    id          bytea  NOT NULL,
    method      bytea  NOT NULL,
    unit        bytea  NOT NULL,
    amount      bigint NOT NULL,
    fee_reserve bigint NOT NULL,
    request     bytea  NOT NULL,
    state       bytea  NOT NULL,
    paid        bigint NOT NULL,
    issued      bigint NOT NULL,
    expiry      bigint NOT NULL,
    key_index   bigint NOT NULL,
    proof       bytea,
    used_by     bytea,
    created     bigint NOT NULL,
    updated     bigint NOT NULL,
    version     bigint NOT NULL,
    PRIMARY KEY (direction, mint_url, id)
);
CREATE INDEX quotes_used_by ON quotes (used_by) WHERE used_by IS NOT NULL;

CREATE TABLE mints (
    url     bytea   NOT NULL PRIMARY KEY,
    name    bytea   NOT NULL,
    trusted boolean NOT NULL,
    info    bytea   NOT NULL,
    fetched bigint  NOT NULL
);

CREATE TABLE keysets (
    mint_url      bytea   NOT NULL,
    id            bytea   NOT NULL,
    unit          bytea   NOT NULL,
    active        boolean NOT NULL,
    input_fee_ppk bigint  NOT NULL,
    final_expiry  bigint  NOT NULL,
    keys          bytea   NOT NULL,
    PRIMARY KEY (mint_url, id)
);

CREATE TABLE transactions (
    operation bytea   NOT NULL PRIMARY KEY,
    kind      text    NOT NULL,
    mint_url  bytea   NOT NULL,
    unit      bytea   NOT NULL,
    amount    bigint  NOT NULL,
    fee       bigint  NOT NULL,
    incoming  boolean NOT NULL,
    status    text    NOT NULL CHECK (status IN ('pending', 'completed', 'failed')),
    memo      bytea   NOT NULL,
    quote_id  bytea   NOT NULL,
    request   bytea   NOT NULL,
    token     bytea   NOT NULL,
    proof     bytea   NOT NULL,
    at        bigint  NOT NULL
);
CREATE INDEX transactions_at ON transactions (at, operation);

CREATE TABLE inbox (
    id       bytea  NOT NULL PRIMARY KEY,
    token    bytea  NOT NULL,
    amount   bigint NOT NULL,
    unit     bytea  NOT NULL,
    mint_url bytea  NOT NULL,
    reason   bytea  NOT NULL,
    at       bigint NOT NULL
);
