-- When the mint was last asked about a quote after its end, in unix seconds; 0: never.
ALTER TABLE quotes ADD COLUMN asked INTEGER NOT NULL DEFAULT 0;
