-- What an entry of the history pays, so that one wallet does not pay it twice: the
-- payment hash of an invoice, or the request. Parts of one payment have one group.
ALTER TABLE transactions ADD COLUMN payment BLOB NOT NULL DEFAULT X'';
ALTER TABLE transactions ADD COLUMN payment_group BLOB;
UPDATE transactions SET payment = request WHERE kind = 'melt';
CREATE INDEX transactions_payment ON transactions (payment) WHERE payment <> X'';

-- A row for each, which a transaction locks that looks whether it was paid.
CREATE TABLE payments (
    payment BLOB    NOT NULL PRIMARY KEY,
    looks   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
