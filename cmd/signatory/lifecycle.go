package main

import (
	"context"
	"fmt"
	"math"

	"github.com/spf13/cobra"

	"mintmark/cashu"
	"mintmark/internal/commandline"
	adminpb "mintmark/proto/signatory/admin/v1"
)

func (p program) prepareCommand(f *adminFlags) *cobra.Command {
	var r rotateFlags
	cmd := &cobra.Command{
		Use:   "prepare --connect unix:PATH --unit UNIT",
		Short: "Make and publish a keyset that does not sign yet",
		Long: `prepare makes a keyset and publishes it, inactive: mints and wallets can see it
before it is used. "signatory admin activate" is the next step. What you do not give
is as in the active keyset of the unit, except the final expiry.`,
		Args: commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			params, err := p.rotateParams(cmd, r)
			if err != nil {
				return err
			}
			in := &adminpb.PrepareKeysetRequest{Unit: string(params.Unit), InputFeePpk: params.InputFeePPK, FinalExpiry: params.FinalExpiry}
			for _, a := range params.Amounts {
				in.Amounts = append(in.Amounts, uint64(a))
			}
			if params.IDVersion != nil {
				version := uint32(*params.IDVersion) + 1
				in.IdVersion = &version
			}
			return f.call(cmd, func(ctx context.Context, c adminpb.AdminServiceClient) error {
				out, err := c.PrepareKeyset(ctx, in)
				if err != nil {
					return err
				}
				return p.printAdminKeyset(f, out.GetKeyset())
			})
		},
	}
	r.addParams(cmd.Flags())
	return cmd
}

func (p program) activateCommand(f *adminFlags) *cobra.Command {
	var (
		keep bool
		when string
	)
	cmd := &cobra.Command{
		Use:   "activate --connect unix:PATH [--at TIME] [--keep-others] KEYSET",
		Short: "Let a prepared keyset sign",
		Long: `activate lets a prepared keyset sign from now on. The active keysets of its unit
are retired at the same moment, or with --keep-others go on signing beside it, until
"signatory admin retire". With --at it happens then, over restarts too; another --at
takes its place, and "signatory admin status" shows it.`,
		Args: oneKeyset,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := cashu.ParseKeysetID(args[0])
			if err != nil {
				return commandline.Usage(cmd, err)
			}
			var at int64
			if when != "" {
				moment, err := parseExpiry(when, p.clock())
				if err != nil || moment > math.MaxInt64 {
					return commandline.Usagef(cmd, "--at %s is no moment: unix seconds, 2030-01-31T00:00:00Z, or a duration from now like 72h", when)
				}
				at = int64(moment)
			}
			return f.call(cmd, func(ctx context.Context, c adminpb.AdminServiceClient) error {
				out, err := c.ActivateKeyset(ctx, &adminpb.ActivateKeysetRequest{Id: id.Bytes(), KeepOthers: keep, At: at})
				if err != nil {
					return err
				}
				return p.printAdminKeyset(f, out.GetKeyset())
			})
		},
	}
	cmd.Flags().StringVar(&when, "at", "", "`moment`: unix seconds, 2030-01-31T00:00:00Z, or a duration from now like 72h (default now)")
	cmd.Flags().BoolVar(&keep, "keep-others", false, "let the active keysets of the unit go on signing")
	return cmd
}

func (p program) retireCommand(f *adminFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "retire --connect unix:PATH KEYSET",
		Short: "End the signing of a keyset, for good",
		Long: `retire ends the signing of a keyset. Its coins stay good: it goes on to verify. A
keyset that was retired cannot be activated again.`,
		Args: oneKeyset,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := cashu.ParseKeysetID(args[0])
			if err != nil {
				return commandline.Usage(cmd, err)
			}
			return f.call(cmd, func(ctx context.Context, c adminpb.AdminServiceClient) error {
				out, err := c.RetireKeyset(ctx, &adminpb.RetireKeysetRequest{Id: id.Bytes()})
				if err != nil {
					return err
				}
				return p.printAdminKeyset(f, out.GetKeyset())
			})
		},
	}
}

func oneKeyset(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return commandline.Usagef(cmd, "give the id of one keyset, as \"signatory admin status\" shows it")
	}
	return nil
}

func (p program) printAdminKeyset(f *adminFlags, k *adminpb.Keyset) error {
	if f.json {
		return printJSON(p.stdout, adminKeyset(k))
	}
	_, err := fmt.Fprintf(p.stdout, "keyset %x of %s is %s%s\n", k.GetId(), k.GetUnit(), describeStage(k.GetStage()), describeSchedule(k))
	return err
}
