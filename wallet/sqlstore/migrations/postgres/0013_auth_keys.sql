-- The keys of blind tokens (NUT-22) that mints have shown, kept for ever: a mint that
-- shows others under the same id wants to tell its users apart.
CREATE TABLE auth_keys (
    mint_url BYTEA NOT NULL,
    keyset   BYTEA NOT NULL,
    key      BYTEA NOT NULL,
    PRIMARY KEY (mint_url, keyset)
);
