-- What its owner has given up stays where it is, with a mark: operations, and the
-- coins that they hold. A token that was taken back is a word of its own.
ALTER TABLE sagas ADD COLUMN abandoned boolean NOT NULL DEFAULT false;

ALTER TABLE coins DROP CONSTRAINT coins_state_check;
ALTER TABLE coins ADD CONSTRAINT coins_state_check
    CHECK (state IN ('UNSPENT', 'RESERVED', 'PENDING', 'PENDING_SPENT', 'SPENT', 'ABANDONED'));

ALTER TABLE transactions DROP CONSTRAINT transactions_status_check;
ALTER TABLE transactions ADD CONSTRAINT transactions_status_check
    CHECK (status IN ('pending', 'completed', 'failed', 'taken_back', 'abandoned'));
UPDATE transactions SET status = 'taken_back' WHERE kind = 'send' AND status = 'failed';
