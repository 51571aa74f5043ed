-- The mark of the seed whose coins these are: one row at most.
CREATE TABLE seed (
    one  BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    mark BYTEA  NOT NULL
);
