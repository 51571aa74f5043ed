-- What migration 0002 added, with rows. Never changed.

CREATE TABLE keyset_totals (
    keyset   INTEGER NOT NULL,
    shard    INTEGER NOT NULL,
    issued   INTEGER NOT NULL,
    redeemed INTEGER NOT NULL,
    PRIMARY KEY (keyset, shard)
) STRICT, WITHOUT ROWID;

INSERT INTO keyset_totals (keyset, shard, issued, redeemed) VALUES (0, 0, 24, 8);
