package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"mintmark/wallet"
)

// asked is what a command asks for, as far as that must be the same when it is
// repeated under --op: what was given, and not what the wallet has chosen. It is a
// hash, since tokens are among it.
func (s *session) asked(ctx context.Context, command string, given ...any) (string, error) {
	if s.op == "" {
		return "", nil
	}
	mintURL := ""
	if s.mint != "" {
		var err error
		if mintURL, err = s.findMint(ctx, s.mint); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(append([]any{command, mintURL}, given...))
	if err != nil {
		return "", fmt.Errorf("naming the operation: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// repeated finds what was started under --op before. None: false.
func (s *session) repeated(ctx context.Context, asked string, kind wallet.Kind) (uuid.UUID, bool, error) {
	id, found, err := s.wallet.Repeated(ctx, s.op, asked, kind)
	if errors.Is(err, wallet.ErrOtherCall) {
		err = usageError{fmt.Errorf("--op %s: %w", s.op, err)}
	}
	return id, found, err
}
