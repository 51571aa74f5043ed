// Package wallet keeps ecash and never loses a coin of it. Everything that moves
// money is a saga: what is about to happen is written down before the first byte
// leaves, what happened is written down in one commit, and whatever lies between
// two commits when the process dies is decided later from evidence.
//
// It trusts the database to be transactional, and no mint further than its
// signatures reach: every answer is checked for count, amounts, keyset and DLEQ
// proof. It must never release a coin because evidence is missing, use a counter
// of a keyset twice, touch a saga whose version it does not know, or show a
// secret, a token, a preimage or a seed in an error, a log or a printed value.
package wallet
