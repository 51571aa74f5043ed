package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mintmark/internal/commandline"
	adminpb "mintmark/proto/signatory/admin/v1"
)

// what is what to freeze: a unit or all.
type what struct {
	unit string
	all  bool
}

func (w *what) add(cmd *cobra.Command, verb string) {
	cmd.Flags().StringVar(&w.unit, "unit", "", verb+" this `unit`")
	cmd.Flags().BoolVar(&w.all, "all", false, verb+" all units")
}

func (w *what) check(cmd *cobra.Command) error {
	if (w.unit == "") == !w.all {
		return commandline.Usagef(cmd, "say either --unit UNIT or --all")
	}
	return nil
}

func (p program) freezeCommand(f *adminFlags) *cobra.Command {
	var w what
	cmd := &cobra.Command{
		Use:   "freeze --connect unix:PATH (--unit UNIT | --all)",
		Short: "Stop signing, at once, also over restarts",
		Long: `freeze stops all signing, or that of one unit: swaps, minting and change come to a
halt, and wallets are told to try again later. Verifying and reading go on. It holds
from the moment this command ends until "signatory admin unfreeze", over restarts.`,
		Args: commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := w.check(cmd); err != nil {
				return err
			}
			in := &adminpb.FreezeRequest{What: &adminpb.FreezeRequest_Unit{Unit: w.unit}}
			if w.all {
				in.What = &adminpb.FreezeRequest_All{All: true}
			}
			return f.call(cmd, func(ctx context.Context, c adminpb.AdminServiceClient) error {
				out, err := c.Freeze(ctx, in)
				if err != nil {
					return err
				}
				return p.printFrozen(f, out.GetFrozen())
			})
		},
	}
	w.add(cmd, "stop")
	return cmd
}

func (p program) unfreezeCommand(f *adminFlags) *cobra.Command {
	var w what
	cmd := &cobra.Command{
		Use:   "unfreeze --connect unix:PATH (--unit UNIT | --all)",
		Short: "Take back a freeze",
		Long: `unfreeze takes back what "signatory admin freeze" did, with the same --unit or
--all. Units that were stopped one by one stay so after --all.`,
		Args: commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := w.check(cmd); err != nil {
				return err
			}
			in := &adminpb.UnfreezeRequest{What: &adminpb.UnfreezeRequest_Unit{Unit: w.unit}}
			if w.all {
				in.What = &adminpb.UnfreezeRequest_All{All: true}
			}
			return f.call(cmd, func(ctx context.Context, c adminpb.AdminServiceClient) error {
				out, err := c.Unfreeze(ctx, in)
				if err != nil {
					return err
				}
				return p.printFrozen(f, out.GetFrozen())
			})
		},
	}
	w.add(cmd, "sign again")
	return cmd
}

type frozenJSON struct {
	All   bool     `json:"all"`
	Units []string `json:"units"`
}

func frozenOf(in *adminpb.Frozen) frozenJSON {
	return frozenJSON{All: in.GetAll(), Units: append([]string{}, in.GetUnits()...)}
}

func (p program) printFrozen(f *adminFlags, in *adminpb.Frozen) error {
	if f.json {
		return printJSON(p.stdout, frozenOf(in))
	}
	_, err := fmt.Fprintln(p.stdout, describeFrozen(in))
	return err
}

func describeFrozen(in *adminpb.Frozen) string {
	var parts []string
	if in.GetAll() {
		parts = append(parts, "all signing is frozen")
	}
	if units := in.GetUnits(); len(units) > 0 {
		parts = append(parts, "frozen units: "+strings.Join(units, ", "))
	}
	if len(parts) == 0 {
		return "nothing is frozen"
	}
	return strings.Join(parts, "; ")
}
