// Package release says which release this is, for everything that says so: both
// programs, NUT-06 and the issuer version of keysets. It must never say anything
// else.
package release

// Number is major.minor.patch, nothing more: some wallets and signatories refuse
// every other form.
const Number = "0.1.0"
