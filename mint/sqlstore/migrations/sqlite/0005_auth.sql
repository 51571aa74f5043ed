-- Blind authentication tokens that were used: the guard against using one twice.
-- Those of one keyset lie together, and go together when it has expired.
CREATE TABLE auth_tokens (
    keyset INTEGER NOT NULL,
    y      BLOB    NOT NULL,
    PRIMARY KEY (keyset, y)
) STRICT, WITHOUT ROWID;
