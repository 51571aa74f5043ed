-- What a melt quote was asked over besides its request: an amount of the payer's choice,
-- a part. NULL: an older program has asked, which did not write it down.
ALTER TABLE quotes ADD COLUMN terms BLOB;
