package main

import (
	"time"

	"mintmark/keystore/rotation"
	"mintmark/signatory/server"
)

// nextSteps is when something happens by itself to the keysets of a unit.
func nextSteps(srv *server.Server) func() map[string]time.Time {
	return func() map[string]time.Time {
		next := map[string]time.Time{}
		for _, r := range srv.Rotations() {
			if r.Next.Action != rotation.Nothing {
				next[string(r.Next.Unit)] = r.Next.At
			}
		}
		return next
	}
}
