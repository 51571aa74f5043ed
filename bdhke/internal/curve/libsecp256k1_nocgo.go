//go:build libsecp256k1 && !cgo

package curve

// Without cgo there is no libsecp256k1. This does not compile, and says why.
var _ = the_build_tag_libsecp256k1_needs_CGO_ENABLED_1_and_a_C_compiler
