// Package harness starts the real programs for the end-to-end tests: on
// temporary directories, free ports of the loopback address and short unix
// sockets. It also holds a small wallet of its own, which knows no more of the
// mint than what travels over HTTP, and drives wallets of other projects.
//
// It trusts nothing that the programs print; it reads their logs only to show
// them when a test fails and to search them for secrets. It must never signal a
// process that it did not start, and leaves none behind.
package harness
