package server

import "context"

// Alive answers as long as the server can take its own locks. It asks for nothing
// outside the process: not for the database, and not for the seed.
func (s *Server) Alive(context.Context) error {
	signing := s.signing.Load()
	if signing == nil {
		return nil // it is starting, and its manager waits for that
	}
	signing.budgets.mu.Lock()
	defer signing.budgets.mu.Unlock()
	signing.frozen.any()
	s.cfg.Keystore.Keysets()
	return nil
}

// Locked tells whether there are no keys in memory.
func (s *Server) Locked() bool { return s.vault.locked() }
