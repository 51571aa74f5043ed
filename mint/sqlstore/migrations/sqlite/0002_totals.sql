-- What every keyset issued and redeemed, in parts that are added up. Amounts as
-- in 0001.
CREATE TABLE keyset_totals (
    keyset   INTEGER NOT NULL,
    shard    INTEGER NOT NULL,
    issued   INTEGER NOT NULL,
    redeemed INTEGER NOT NULL,
    PRIMARY KEY (keyset, shard)
) STRICT, WITHOUT ROWID;
