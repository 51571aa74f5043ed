// Package verdict judges what a mint did while it was killed, frozen and starved:
// from the requests that wallets put, from every answer that they got, and from
// what the mint shows in public afterwards. It keeps its own books and compares
// the mint's with them.
//
// It trusts nothing that the mint says about itself unless something else says
// the same, and knows nothing of how the mint works. It must never ask the mint
// anything: whoever gathers the evidence is somebody else, so that the judge can
// be tested with evidence that is false.
package verdict
