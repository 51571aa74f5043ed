-- Fees that a wallet chooses from, 16 bytes each: index, blocks, reserve. NULL: none.
ALTER TABLE melt_quotes ADD COLUMN fee_options bytea;
-- The chosen one, while the quote is not unpaid.
ALTER TABLE melt_quotes ADD COLUMN fee_index bigint NOT NULL DEFAULT 0;
