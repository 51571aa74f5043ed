-- Payments that a backend reported and that no quote can take, as they were reported.
CREATE TABLE payments_aside (
    backend    BLOB    NOT NULL,
    method     BLOB    NOT NULL,
    lookup_id  BLOB    NOT NULL,
    payment_id BLOB    NOT NULL,
    unit       BLOB    NOT NULL,
    amount     INTEGER NOT NULL,
    why        BLOB    NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (backend, method, lookup_id, payment_id)
) STRICT, WITHOUT ROWID;

-- Quotes that are paid and not issued yet: money that is owed, too.
CREATE INDEX mint_quotes_owed ON mint_quotes (unit) WHERE amount_paid <> amount_issued;

-- What operators have decided by hand, for ever.
CREATE TABLE decisions (
    number    INTEGER NOT NULL PRIMARY KEY,
    at        INTEGER NOT NULL,
    about     BLOB    NOT NULL,
    decision  BLOB    NOT NULL,
    why       BLOB    NOT NULL,
    evidence  BLOB    NOT NULL
) STRICT;
