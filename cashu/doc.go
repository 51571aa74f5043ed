// Package cashu is the vocabulary of the protocol: amounts, units, keysets and
// their ids, proofs, blinded messages, error codes, and the JSON bodies of the
// NUTs. Decode and Encode are the only way from and to the wire.
//
// It trusts no input: what a decoder returns is a value that cannot be wrong in
// itself (a point on the curve, an id of a known version, an exact integer).
// Whether it makes sense in this mint is decided in the mint. It must never do
// I/O, read a clock, or hold a private key.
package cashu
