package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"mintmark/internal/commandline"
	adminpb "mintmark/proto/signatory/admin/v1"
)

// callTimeout bounds a command: whoever wants to stop the signatory must hear soon
// that it did not work.
const callTimeout = 10 * time.Second

// unlockTimeout is longer: opening the seal takes a second by design, and many on a
// machine that is busy; giving up early would leave it open whether the keys are there.
const unlockTimeout = 30 * time.Second

// adminFlags say where the admin socket is.
type adminFlags struct {
	address string
	json    bool
}

func (p program) adminCommand() *cobra.Command {
	var f adminFlags
	cmd := &cobra.Command{
		Use:   "admin",
		Short: "Look at a running signatory, stop it from signing, lead keysets",
		Long: `admin speaks to a running signatory over its admin socket, which mints cannot
reach: by default admin.sock in the data directory. The kernel tells the signatory
which user is there; without a clients file that must be the user of the signatory
or root, with one a client with the role admin (or, to look only, monitor).`,
	}
	flags := cmd.PersistentFlags()
	flags.StringVar(&f.address, "connect", "", "admin `socket`: unix:PATH (required)")
	flags.BoolVar(&f.json, "json", false, "print JSON for programs")
	return commandline.Group(cmd, p.statusCommand(&f), p.freezeCommand(&f), p.unfreezeCommand(&f), p.lockCommand(&f), p.unlockCommand(&f),
		p.prepareCommand(&f), p.activateCommand(&f), p.retireCommand(&f), p.budgetsCommand(&f))
}

// call connects and has do ask one thing.
func (f *adminFlags) call(cmd *cobra.Command, do func(context.Context, adminpb.AdminServiceClient) error) error {
	return f.callWithin(cmd, callTimeout, do)
}

func (f *adminFlags) callWithin(cmd *cobra.Command, timeout time.Duration, do func(context.Context, adminpb.AdminServiceClient) error) error {
	path, ok := strings.CutPrefix(f.address, "unix:")
	switch {
	case f.address == "":
		return commandline.Usagef(cmd, "--connect is missing: the admin socket, for example unix:DIR/admin.sock")
	case !ok || path == "" || path[0] == '@':
		return commandline.Usagef(cmd, "--connect %s is not unix:PATH", f.address)
	}
	conn, err := grpc.NewClient("passthrough:///unix:"+path, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return commandline.Usage(cmd, err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
	defer cancel()
	return f.explain(do(ctx, adminpb.NewAdminServiceClient(conn)))
}

// explain turns an error of the call into words.
func (f *adminFlags) explain(err error) error {
	s, ok := status.FromError(err)
	if err == nil || !ok {
		return err
	}
	switch s.Code() {
	case codes.Unavailable, codes.DeadlineExceeded:
		return commandline.Hint(fmt.Errorf("%s: the signatory does not answer", f.address), "is \"signatory serve\" running there, and may your user open the socket? Its log says who was turned away")
	case codes.Internal:
		return commandline.Hint(errors.New(s.Message()), "the log of the signatory says why")
	}
	return errors.New(s.Message())
}
