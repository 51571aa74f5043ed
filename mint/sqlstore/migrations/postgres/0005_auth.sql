-- Blind authentication tokens that were used, as on SQLite.
CREATE TABLE auth_tokens (
    keyset integer NOT NULL,
    y      bytea   NOT NULL,
    PRIMARY KEY (keyset, y)
);
