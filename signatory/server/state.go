package server

import (
	"context"
	"crypto/x509"
	"time"

	"mintmark/cashu"
	"mintmark/keystore"
	adminpb "mintmark/proto/signatory/admin/v1"
)

// State is how a server is at one moment, for whoever watches it.
type State struct {
	// Locked: there are no keys in memory, and all but Certificates is unknown.
	Locked bool
	// Stale: it does not sign because it does not know what others have changed.
	Stale bool
	// Frozen are the units that do not sign; the empty one is all of them.
	Frozen []cashu.Unit
	// Epoch of the keysets.
	Epoch   uint64
	Keysets []KeysetState
	// Budgets with what was used of them, as the admin socket tells it.
	Budgets []*adminpb.Budget
	// AuditSeq is the number of the last audit record; AuditKnown whether it could
	// be read.
	AuditSeq   uint64
	AuditKnown bool
	// Certificates is when each of ours ends, by its role: server, or
	// authority, where the first counts.
	Certificates map[string]time.Time
}

// KeysetState is a keyset in a State.
type KeysetState struct {
	ID          cashu.KeysetID
	Unit        cashu.Unit
	Stage       keystore.Stage
	FinalExpiry uint64 // 0: never
	Created     time.Time
}

// State reads how the server is now. Before Serve there is nothing to read.
func (s *Server) State(ctx context.Context) State {
	now := s.force.Load()
	out := State{Locked: s.vault.locked(), Certificates: certificatesOf(now)}
	signing := s.signing.Load()
	if signing == nil || out.Locked {
		return out
	}
	snapshot := s.cfg.Keystore.Keysets()
	out.Stale, out.Frozen, out.Epoch = s.cfg.Keystore.Stale() != nil, signing.frozen.list(), snapshot.Epoch
	out.Budgets = signing.budgets.report(now.clients)
	if s.cfg.Records != nil {
		seq, _, err := s.cfg.Records.AuditHead(ctx)
		out.AuditSeq, out.AuditKnown = seq, err == nil
	}
	if s.cfg.Lifecycle == nil {
		return out
	}
	expiries := map[cashu.KeysetID]uint64{}
	for _, k := range snapshot.Keysets {
		expiries[k.ID] = k.FinalExpiry
	}
	for _, l := range s.cfg.Lifecycle.Lives() {
		out.Keysets = append(out.Keysets, KeysetState{ID: l.ID, Unit: l.Unit, Stage: l.Stage, FinalExpiry: expiries[l.ID], Created: l.Created})
	}
	return out
}

func certificatesOf(r *rights) map[string]time.Time {
	out := map[string]time.Time{}
	if r.tls == nil {
		return out
	}
	out["authority"] = r.ends
	for _, pair := range r.tls.Certificates {
		for i, der := range pair.Certificate {
			cert, err := x509.ParseCertificate(der)
			if err != nil {
				continue // tlsdir has parsed it before
			}
			role := "server"
			if i > 0 || cert.IsCA {
				role = "authority"
			}
			if known, ok := out[role]; !ok || cert.NotAfter.Before(known) {
				out[role] = cert.NotAfter
			}
		}
	}
	return out
}
