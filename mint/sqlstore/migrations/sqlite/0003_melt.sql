-- Offers to pay, and what came of them. Amounts and times as in 0001. state is
-- 0 unpaid, 1 pending, 2 settled, 3 paid; operation is the one that pays or paid
-- it, 0 for none. change is the B_ (33 bytes each) of what was signed as change.
CREATE TABLE melt_quotes (
    number      INTEGER NOT NULL PRIMARY KEY,
    id          BLOB    NOT NULL UNIQUE,
    method      BLOB    NOT NULL,
    unit        BLOB    NOT NULL,
    request     BLOB    NOT NULL,
    lookup_id   BLOB,
    terms       BLOB    NOT NULL,
    amount      INTEGER NOT NULL,
    fee_reserve INTEGER NOT NULL,
    state       INTEGER NOT NULL CHECK (state IN (0, 1, 2, 3)),
    operation   INTEGER NOT NULL,
    input_fee   INTEGER NOT NULL,
    spent       INTEGER NOT NULL,
    proof       BLOB    NOT NULL,
    change      BLOB    NOT NULL,
    expiry      INTEGER NOT NULL,
    created     INTEGER NOT NULL,
    paid        INTEGER NOT NULL,
    updated     INTEGER NOT NULL,
    polled      INTEGER NOT NULL
) STRICT;

-- What must not be paid twice, whatever the number of quotes for it: expiry is
-- that of the newest quote, operation the one that pays or paid it, 0 for none.
CREATE TABLE melt_requests (
    lookup_id BLOB    NOT NULL,
    method    BLOB    NOT NULL,
    operation INTEGER NOT NULL,
    paid      INTEGER NOT NULL,
    expiry    INTEGER NOT NULL,
    PRIMARY KEY (lookup_id, method)
) STRICT, WITHOUT ROWID;
