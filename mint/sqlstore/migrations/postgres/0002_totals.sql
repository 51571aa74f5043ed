-- What every keyset issued and redeemed, in parts that are added up. Amounts as
-- in 0001. Every operation changes a row; the free room of the page is for that.
CREATE TABLE keyset_totals (
    issued   bigint  NOT NULL,
    redeemed bigint  NOT NULL,
    keyset   integer NOT NULL,
    shard    integer NOT NULL,
    PRIMARY KEY (keyset, shard)
) WITH (fillfactor = 20);
