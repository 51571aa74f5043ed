-- Quotes that nobody has paid, by their end: those that will be forgotten.
CREATE INDEX mint_quotes_unpaid ON mint_quotes (expiry) WHERE amount_paid = 0 AND expiry > 0;
