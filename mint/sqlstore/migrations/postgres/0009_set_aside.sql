-- Payments that a backend reported and that no quote can take, as they were reported.
CREATE TABLE payments_aside (
    amount     bigint NOT NULL,
    at         bigint NOT NULL,
    backend    bytea  NOT NULL,
    method     bytea  NOT NULL,
    lookup_id  bytea  NOT NULL,
    payment_id bytea  NOT NULL,
    unit       bytea  NOT NULL,
    why        bytea  NOT NULL,
    PRIMARY KEY (backend, method, lookup_id, payment_id)
);

-- Quotes that are paid and not issued yet: money that is owed, too.
CREATE INDEX mint_quotes_owed ON mint_quotes (unit) WHERE amount_paid <> amount_issued;

-- What operators have decided by hand, for ever.
CREATE TABLE decisions (
    number   bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       bigint NOT NULL,
    about    bytea  NOT NULL,
    decision bytea  NOT NULL,
    why      bytea  NOT NULL,
    evidence bytea  NOT NULL
);
