-- The name of the payment backend that made the request or the offer. NULL: whichever
-- serves its method and unit, as long as there was but one.
ALTER TABLE mint_quotes ADD COLUMN backend bytea;
ALTER TABLE melt_quotes ADD COLUMN backend bytea;
