-- signed is the counter after the last one that the mint is known to have signed
-- with: a restore gives up some empty batches after it. What was taken before this
-- column came counts as signed.
ALTER TABLE counters ADD COLUMN signed INTEGER NOT NULL DEFAULT 0;
UPDATE counters SET signed = next;
