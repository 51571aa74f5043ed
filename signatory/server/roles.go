package server

import (
	"fmt"
	"strings"
)

// Roles is a set of what a client may be.
type Roles uint8

const (
	// Mint signs, verifies and reads keysets.
	Mint Roles = 1 << iota
	// Rotator makes new keysets and reads them.
	Rotator
	// Admin freezes signing and leads keysets through their life, on the
	// admin socket only.
	Admin
	// Monitor reads: keysets, health, status.
	Monitor
)

// roleNames in the order of the bits.
func roleNames() []string { return []string{"mint", "rotator", "admin", "monitor"} }

func parseRole(name string) (Roles, error) {
	for i, known := range roleNames() {
		if name == known {
			return 1 << i, nil
		}
	}
	return 0, fmt.Errorf("%q is none of the roles %s", name, strings.Join(roleNames(), ", "))
}

// Any tells whether r and other have a role in common.
func (r Roles) Any(other Roles) bool { return r&other != 0 }

// String lists the roles with commas.
func (r Roles) String() string {
	var names []string
	for i, name := range roleNames() {
		if r.Any(1 << i) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ",")
}
