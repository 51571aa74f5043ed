// Package token is ecash on its way from one person to another: coins with all
// that their receiver needs, and the texts that carry them (NUT-00).
//
// It is pure: no I/O, no clock, no mint. It trusts nothing that it reads; that
// coins are genuine is for the mint, or for their DLEQ proofs, to say. It must
// never print a secret.
package token
