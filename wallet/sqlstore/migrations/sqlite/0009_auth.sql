-- Logins at mints (NUT-21). sealed opens with the seed only.
CREATE TABLE logins (
    mint_url  BLOB    NOT NULL PRIMARY KEY,
    discovery BLOB    NOT NULL,
    client_id BLOB    NOT NULL,
    since     INTEGER NOT NULL,
    expires   INTEGER NOT NULL,
    sealed    BLOB    NOT NULL,
    renewing  INTEGER NOT NULL,
    version   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Blind tokens (NUT-22) that were not used yet, each good for one request.
CREATE TABLE auth_tokens (
    mint_url BLOB    NOT NULL,
    secret   BLOB    NOT NULL,
    keyset   BLOB    NOT NULL,
    c        BLOB    NOT NULL,
    expires  INTEGER NOT NULL,
    PRIMARY KEY (mint_url, secret)
) STRICT, WITHOUT ROWID;
