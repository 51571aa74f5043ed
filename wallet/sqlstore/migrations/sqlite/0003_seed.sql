-- The mark of the seed whose coins these are: one row at most.
CREATE TABLE seed (
    one  INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    mark BLOB    NOT NULL
) STRICT;
