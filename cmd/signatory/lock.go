package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"mintmark/internal/commandline"
	adminpb "mintmark/proto/signatory/admin/v1"
)

func (p program) lockCommand(f *adminFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "lock --connect unix:PATH",
		Short: "Take the keys out of memory, until unlock",
		Long: `lock takes the seed and every private key out of the memory of the signatory. It
goes on running and signs nothing: mints answer 503 to what needs a signature, and
go on by themselves after "signatory admin unlock". Calls under way are refused. A
restart does not lock: that is what "signatory serve --locked" does.`,
		Args: commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.call(cmd, func(ctx context.Context, c adminpb.AdminServiceClient) error {
				if _, err := c.Lock(ctx, &adminpb.LockRequest{}); err != nil {
					return err
				}
				_, err := fmt.Fprintln(p.stdout, "locked: there are no keys in memory")
				return err
			})
		},
	}
}

// unlockFlags say what opens the seed: by default a passphrase from the terminal.
type unlockFlags struct {
	unseal    unsealFlags
	asStarted bool
}

func (p program) unlockCommand(f *adminFlags) *cobra.Command {
	var u unlockFlags
	cmd := &cobra.Command{
		Use:   "unlock --connect unix:PATH",
		Short: "Bring the keys into memory, and sign",
		Long: `unlock hands the passphrase of the seed, or its age identity, to a signatory that is
locked. It asks for the passphrase at the terminal unless a flag says where it is.
The secret goes over the admin socket and is wiped at both ends. Everything is
checked as at a start: another seed or a damaged database leaves it locked.`,
		Args: commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := u.check(cmd); err != nil {
				return err
			}
			in, wipe, err := p.unlockRequest(cmd.Context(), u)
			if err != nil {
				return err
			}
			defer wipe()
			return f.callWithin(cmd, unlockTimeout, func(ctx context.Context, c adminpb.AdminServiceClient) error {
				out, err := c.Unlock(ctx, in)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(p.stdout, "unlocked: it signs as %x\n", out.GetIdentity())
				return err
			})
		},
	}
	u.unseal.add(cmd.Flags())
	cmd.Flags().BoolVar(&u.asStarted, "as-started", false, "let it use the seed, the file or the credential that serve was started with")
	return cmd
}

func (u *unlockFlags) check(cmd *cobra.Command) error {
	if err := u.unseal.check(cmd); err != nil {
		return err
	}
	if u.unseal.byIdentity() && u.unseal.passphrase.given() {
		return commandline.Usagef(cmd, "a passphrase and an identity exclude each other")
	}
	if u.asStarted && (u.unseal.byIdentity() || u.unseal.passphrase.given()) {
		return commandline.Usagef(cmd, "--as-started and a secret exclude each other")
	}
	return nil
}

// unlockRequest gets the secret, and what to do when it has been sent.
func (p program) unlockRequest(ctx context.Context, u unlockFlags) (in *adminpb.UnlockRequest, wipe func(), err error) {
	if u.asStarted {
		return &adminpb.UnlockRequest{}, func() {}, nil
	}
	opener := p.opener(ctx, u.unseal)
	if u.unseal.byIdentity() {
		secret, err := opener.Identity()
		return &adminpb.UnlockRequest{Secret: &adminpb.UnlockRequest_Identity{Identity: secret}}, func() { clear(secret) }, err
	}
	secret, err := opener.Passphrase()
	return &adminpb.UnlockRequest{Secret: &adminpb.UnlockRequest_Passphrase{Passphrase: secret}}, func() { clear(secret) }, err
}
