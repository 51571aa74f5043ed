-- Fees that a wallet chooses from, 16 bytes each: index, blocks, reserve. NULL: none.
ALTER TABLE melt_quotes ADD COLUMN fee_options BLOB;
-- The chosen one, while the quote is not unpaid.
ALTER TABLE melt_quotes ADD COLUMN fee_index INTEGER NOT NULL DEFAULT 0;
