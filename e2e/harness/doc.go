// Package harness starts the real programs for the end-to-end tests: on
// temporary directories, free ports of the loopback address and short unix
// sockets. It also holds a small wallet, which speaks to the mint by the client of
// our real one and chooses every request itself, and drives wallets of other
// projects. That the words which mint and client share are spelt as the NUTs want is
// not for it to prove: the tests of package cashu and those wallets do.
//
// It trusts nothing that the programs print; it reads their logs only to show
// them when a test fails and to search them for secrets. It must never signal a
// process that it did not start, and leaves none behind.
package harness
