package server

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"mintmark/keystore"
)

// Reading is how the files are read that a reload takes anew. What was not there at the
// start is nil.
type Reading struct {
	Clients  func() (*Clients, error)
	Rotation func() (Policies, error)
}

// Reload reads certificates, authority, clients and rotation anew, and puts them in force
// for every call and every handshake that follows, all of it or, on an error, none. It
// says in the log and in the audit which it was.
func (s *Server) Reload(ctx context.Context, read Reading) error {
	signing := s.signing.Load()
	if signing == nil {
		return errors.New("reloading: the signatory does not serve yet")
	}
	next, policies, err := s.reread(read)
	if err == nil {
		err = s.recordRights(ctx, signing.journal, next)
	}
	if err != nil {
		s.cfg.Logger.ErrorContext(ctx, "reload failed: what was in force stays so", "error", err)
		reason := err.Error()
		if len(reason) > maxReason {
			reason = strings.ToValidUTF8(reason[:maxReason], "")
		}
		failure := signing.journal.record(ctx, keystore.AuditConfig, "", map[string]any{"reloaded": false, "reason": reason})
		if failure != nil {
			s.cfg.Logger.ErrorContext(ctx, "the failed reload could not be recorded", "error", failure)
		}
		s.cfg.Meter.Reloaded(false)
		return fmt.Errorf("reloading: %w", err)
	}
	s.cfg.Meter.Reloaded(true)
	s.force.replace(next)
	if read.Rotation != nil {
		s.rotator.replace(policies)
	}
	s.cfg.Logger.InfoContext(ctx, "reloaded: certificates, clients and rotation are in force")
	s.sayWhoMayCall(ctx)
	return nil
}

// reread puts nothing in force.
func (s *Server) reread(read Reading) (next *rights, policies Policies, err error) {
	var clients *Clients
	if read.Clients != nil {
		if clients, err = read.Clients(); err != nil {
			return nil, nil, err
		}
	}
	if (clients == nil) != (s.cfg.Clients == nil) {
		return nil, nil, errNoClients
	}
	if read.Rotation != nil {
		if policies, err = read.Rotation(); err != nil {
			return nil, nil, err
		}
	}
	checked := s.cfg
	checked.Clients = clients
	if err := checked.checkBudgets(); err != nil {
		return nil, nil, err
	}
	next, err = newRights(clients, s.cfg.TLSDir)
	return next, policies, err
}

// recordRights writes down which clients file is in force. While it is locked that
// has to wait for the unlock.
func (s *Server) recordRights(ctx context.Context, j *journal, r *rights) error {
	reloaded := s.force.Load() != r
	if r.clients == nil && !reloaded {
		return nil
	}
	detail := map[string]any{"reloaded": reloaded}
	if r.clients != nil {
		detail["clients_sha256"], detail["clients"] = hex.EncodeToString(r.clients.digest[:]), len(r.clients.list)
	}
	if err := j.record(ctx, keystore.AuditConfig, "", detail); !errors.Is(err, errLocked) {
		return err
	}
	return nil
}
