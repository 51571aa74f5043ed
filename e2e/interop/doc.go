// Package interop proves with the published programs of the Cashu Development Kit
// that mints, signatories and wallets of both projects work with each other.
// "make interop" installs them and runs it; without them it fails. All of it is
// behind the build tag interop.
package interop
