package server

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"mintmark/internal/tlsdir"
	"mintmark/keystore"
)

// Reload reads certificates, authority and clients anew, and puts them in force for
// every call and every handshake that follows, all of it or, on an error, none. It
// says in the log and in the audit which it was. read is nil when there is no
// clients file.
func (s *Server) Reload(ctx context.Context, read func() (*Clients, error)) error {
	signing := s.signing.Load()
	if signing == nil {
		return errors.New("reloading: the signatory does not serve yet")
	}
	next, err := s.readRights(read)
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
	s.cfg.Logger.InfoContext(ctx, "reloaded: certificates and clients are in force")
	s.sayWhoMayCall(ctx)
	return nil
}

func (s *Server) readRights(read func() (*Clients, error)) (*rights, error) {
	var (
		clients *Clients
		config  *tls.Config
		err     error
	)
	if read != nil {
		if clients, err = read(); err != nil {
			return nil, err
		}
	}
	if (clients == nil) != (s.cfg.Clients == nil) {
		return nil, errNoClients
	}
	checked := s.cfg
	checked.Clients = clients
	if err := checked.checkBudgets(); err != nil {
		return nil, err
	}
	if s.cfg.TLSDir != "" {
		if config, err = tlsdir.Server(s.cfg.TLSDir); err != nil {
			return nil, err
		}
	}
	return newRights(clients, config), nil
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
