//go:build !race

package wallet_test

// raced: see the file beside this one.
const raced = false
