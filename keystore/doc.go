// Package keystore holds the seed, derives every private key from it, keeps the
// list of keysets and the audit log in its own database, and signs and verifies
// with keys that never leave the package.
//
// Where a private key can be: in the sealed seed file (as the seed), and in the
// memory of the process that called Open. Nowhere else: the database holds only
// what is public plus the index of each keyset, so a stolen database is not a
// stolen mint, and a seed together with the database is a complete backup.
//
// What it trusts: its own disk for the rows and the process around it. It does
// not trust the rows to fit the seed: at every Open each keyset is derived again
// and its id compared with the row, and the stages of the keysets with what the
// audit log, which only the seed can continue, says about them.
//
// What it must never do: hand out a scalar or the seed, write either to a log or
// an error, derive a key or touch the database while signing, or change what is
// in memory before the database has committed.
//
// Keys are those of the ecosystem's remote signer proposal (nuts#250) and of
// CDK: BIP32, all steps hardened, m/129372'/unit'/index'/position'. An index is
// used once and never again, because keysets share the keys at equal positions
// of equal indexes.
package keystore
