package main

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"mintmark/internal/commandline"
	adminpb "mintmark/proto/signatory/admin/v1"
)

func (p program) budgetsCommand(f *adminFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "budgets --connect unix:PATH",
		Short: "Show what clients have used of their budgets",
		Args:  commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.call(cmd, func(ctx context.Context, c adminpb.AdminServiceClient) error {
				out, err := c.Budgets(ctx, &adminpb.BudgetsRequest{})
				if err != nil {
					return err
				}
				if f.json {
					return printJSON(p.stdout, budgetRows(out))
				}
				return p.printBudgets(budgetRows(out))
			})
		},
	}
}

// budgetRow is one window of one budget. A limit of 0 is none.
type budgetRow struct {
	Client          string `json:"client"`
	Unit            string `json:"unit"`
	Purpose         string `json:"purpose,omitempty"` // melt-change: with retired keysets
	Window          string `json:"window"`            // hour, day, or the id of a keyset
	Value           uint64 `json:"value"`
	ValueLimit      uint64 `json:"value_limit"`
	Signatures      uint64 `json:"signatures"`
	SignaturesLimit uint64 `json:"signatures_limit"`
}

func budgetRows(in *adminpb.BudgetsResponse) []budgetRow {
	rows := []budgetRow{}
	for _, b := range in.GetBudgets() {
		add := func(name string, w *adminpb.Window) {
			rows = append(rows, budgetRow{
				Client: b.GetClient(), Unit: b.GetUnit(), Purpose: b.GetPurpose(), Window: name,
				Value: w.GetUsed().GetValue(), ValueLimit: w.GetLimit().GetValue(),
				Signatures: w.GetUsed().GetSignatures(), SignaturesLimit: w.GetLimit().GetSignatures(),
			})
		}
		if b.GetPurpose() == "" {
			add("hour", b.GetHour())
			add("day", b.GetDay())
		}
		for _, k := range b.GetKeysets() {
			add(hex.EncodeToString(k.GetId()), k.GetWindow())
		}
	}
	return rows
}

func (p program) printBudgets(rows []budgetRow) error {
	if len(rows) == 0 {
		_, err := fmt.Fprintln(p.stdout, "no client has a budget: what is signed is not limited")
		return err
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\tvalue %d of %s\tsignatures %d of %s\n", r.Client, r.Unit, cmp.Or(r.Purpose, "-"), r.Window,
			r.Value, describeLimit(r.ValueLimit), r.Signatures, describeLimit(r.SignaturesLimit))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprint(p.stdout, b.String())
	return err
}

func describeLimit(n uint64) string {
	if n == 0 {
		return "any"
	}
	return strconv.FormatUint(n, 10)
}
