-- The caller's name of the call that has asked for a quote: one quote for each.
ALTER TABLE quotes ADD COLUMN key bytea;
CREATE UNIQUE INDEX quotes_key ON quotes (key) WHERE key IS NOT NULL;
