-- What an entry of the history pays, so that one wallet does not pay it twice: the
-- payment hash of an invoice, or the request. Parts of one payment have one group.
ALTER TABLE transactions ADD COLUMN payment bytea NOT NULL DEFAULT '';
ALTER TABLE transactions ADD COLUMN payment_group bytea;
UPDATE transactions SET payment = request WHERE kind = 'melt';
CREATE INDEX transactions_payment ON transactions USING hash (payment) WHERE payment <> '';

-- A row for each, which a transaction locks that looks whether it was paid.
CREATE TABLE payments (
    payment bytea  NOT NULL PRIMARY KEY,
    looks   bigint NOT NULL
);
