package server

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"mintmark/internal/seedfile"
	"mintmark/keystore"
	adminpb "mintmark/proto/signatory/admin/v1"
)

// Lock takes the keys out of memory.
func (a *admin) Lock(ctx context.Context, _ *adminpb.LockRequest) (*adminpb.LockResponse, error) {
	if a.vault == nil {
		return nil, status.Error(codes.FailedPrecondition, "this signatory could not be unlocked again")
	}
	err := a.vault.lock(ctx, clientOf(ctx).Name)
	a.health.update()
	a.lockChanged()
	if err != nil {
		a.log.ErrorContext(ctx, "locking", "error", err)
		return nil, status.Error(codes.Internal, "there are no keys in memory any more, but that could not be written down")
	}
	return &adminpb.LockResponse{}, nil
}

// Unlock takes the secret out of the message first, so that it can be wiped
// whatever happens. What gRPC keeps in its own buffers is out of reach.
func (a *admin) Unlock(ctx context.Context, in *adminpb.UnlockRequest) (*adminpb.UnlockResponse, error) {
	var secret Secret
	switch given := in.GetSecret().(type) {
	case *adminpb.UnlockRequest_Passphrase:
		secret = PassphraseSecret(given.Passphrase)
	case *adminpb.UnlockRequest_Identity:
		secret = IdentitySecret(given.Identity)
	}
	defer secret.Wipe()
	if a.vault == nil {
		return nil, status.Error(codes.FailedPrecondition, "this signatory has never been locked")
	}
	// Who hangs up must not leave it half open.
	err := a.vault.unlock(context.WithoutCancel(ctx), secret, clientOf(ctx).Name)
	a.health.update()
	a.lockChanged()
	if err != nil {
		return nil, unlockError(err)
	}
	identity := a.vault.Identity().Bytes()
	return &adminpb.UnlockResponse{Identity: identity[:]}, nil
}

func (a *admin) lockChanged() {
	if a.told != nil {
		a.told(a.vault.locked())
	}
}

// unlockError tells the operator what is wrong with what was handed over. The
// rest, about files and databases, is in the log.
func unlockError(err error) error {
	for _, known := range []error{
		seedfile.ErrWrongSeal, seedfile.ErrWrongIdentity, seedfile.ErrNoPassphrase, seedfile.ErrNoIdentity,
		seedfile.ErrMissing, seedfile.ErrExposed, seedfile.ErrFormat, keystore.ErrMismatch, keystore.ErrAudit, keystore.ErrNoDatabase,
	} {
		if errors.Is(err, known) {
			return status.Errorf(codes.FailedPrecondition, "it stays locked: %s", known)
		}
	}
	return status.Error(codes.Internal, "it stays locked, and the log of the signatory says why")
}
