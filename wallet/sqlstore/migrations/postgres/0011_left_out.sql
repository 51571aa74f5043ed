-- Keysets that the mint lists and that make no sense, one a line.
ALTER TABLE mints ADD COLUMN left_out bytea;
