-- Logins at mints (NUT-21). sealed opens with the seed only.
CREATE TABLE logins (
    mint_url  BYTEA   NOT NULL PRIMARY KEY,
    discovery BYTEA   NOT NULL,
    client_id BYTEA   NOT NULL,
    since     BIGINT  NOT NULL,
    expires   BIGINT  NOT NULL,
    sealed    BYTEA   NOT NULL,
    renewing  BIGINT  NOT NULL,
    version   BIGINT  NOT NULL
);

-- Blind tokens (NUT-22) that were not used yet, each good for one request.
CREATE TABLE auth_tokens (
    mint_url BYTEA   NOT NULL,
    secret   BYTEA   NOT NULL,
    keyset   BYTEA   NOT NULL,
    c        BYTEA   NOT NULL,
    expires  BIGINT  NOT NULL,
    PRIMARY KEY (mint_url, secret)
);
