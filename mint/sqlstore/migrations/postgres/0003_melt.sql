-- Offers to pay, and what came of them, as on SQLite.
CREATE TABLE melt_quotes (
    number      bigint  NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    amount      bigint  NOT NULL,
    fee_reserve bigint  NOT NULL,
    operation   bigint  NOT NULL,
    input_fee   bigint  NOT NULL,
    spent       bigint  NOT NULL,
    expiry      bigint  NOT NULL,
    created     bigint  NOT NULL,
    paid        bigint  NOT NULL,
    updated     bigint  NOT NULL,
    polled      bigint  NOT NULL,
    state       integer NOT NULL CHECK (state IN (0, 1, 2, 3)),
    id          bytea   NOT NULL UNIQUE,
    method      bytea   NOT NULL,
    unit        bytea   NOT NULL,
    request     bytea   NOT NULL,
    lookup_id   bytea,
    terms       bytea   NOT NULL,
    proof       bytea   NOT NULL,
    change      bytea   NOT NULL
) WITH (fillfactor = 70);

-- What must not be paid twice, as on SQLite.
CREATE TABLE melt_requests (
    operation bigint NOT NULL,
    paid      bigint NOT NULL,
    expiry    bigint NOT NULL,
    lookup_id bytea  NOT NULL,
    method    bytea  NOT NULL,
    PRIMARY KEY (lookup_id, method)
) WITH (fillfactor = 70);
