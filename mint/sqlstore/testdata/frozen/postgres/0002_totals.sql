-- What migration 0002 added, with rows. Never changed.

CREATE TABLE keyset_totals (
    issued   bigint  NOT NULL,
    redeemed bigint  NOT NULL,
    keyset   integer NOT NULL,
    shard    integer NOT NULL,
    PRIMARY KEY (keyset, shard)
) WITH (fillfactor = 20);

INSERT INTO keyset_totals (keyset, shard, issued, redeemed) VALUES (0, 0, 24, 8);
