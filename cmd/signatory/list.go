package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"mintmark/cashu"
	"mintmark/internal/commandline"
	"mintmark/signatory"
)

func (p program) listCommand(f *connectFlags) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list --connect unix:PATH|HOST:PORT",
		Short: "List all keysets, active and inactive",
		Example: `  signatory keysets list --connect unix:DIR/signatory.sock
  signatory keysets list --connect mint.example:15060 --tls DIR --json`,
		Args: commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := f.dial(cmd)
			if err != nil {
				return err
			}
			defer client.Close()
			s, err := client.Keysets(cmd.Context())
			if err != nil {
				return f.hintCall(err)
			}
			if asJSON {
				return printJSON(p.stdout, jsonSnapshot(s))
			}
			return p.printKeysets(s)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON for programs")
	return cmd
}

func (p program) printKeysets(s signatory.Snapshot) error {
	w := tabwriter.NewWriter(p.stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "UNIT\tSTATE\tFEE\tDENOMINATIONS\tFINAL EXPIRY\tID")
	for _, k := range s.Keysets {
		fmt.Fprintf(w, "%s\t%s\t%d ppk\t%s\t%s\t%s\n",
			k.Unit, p.describeState(k), k.InputFeePPK, describeAmounts(k.Keys.Amounts()), describeExpiry(k.FinalExpiry), k.ID)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(p.stdout, "\nidentity %s, epoch %d\n", s.Identity, s.Epoch)
	return err
}

func (p program) describeState(k cashu.Keyset) string {
	switch {
	case k.ExpiredForOutputs(p.clock()):
		return "expired"
	case k.Active:
		return "active"
	}
	return "inactive"
}

type snapshotJSON struct {
	Identity string       `json:"identity"`
	Epoch    uint64       `json:"epoch"`
	Keysets  []keysetJSON `json:"keysets"`
}

type keysetJSON struct {
	ID            string         `json:"id"`
	Unit          string         `json:"unit"`
	Active        bool           `json:"active"`
	InputFeePPK   uint64         `json:"input_fee_ppk"`
	FinalExpiry   uint64         `json:"final_expiry,omitempty"` // unix seconds
	Amounts       []cashu.Amount `json:"amounts"`
	IssuerVersion string         `json:"issuer_version,omitempty"`
}

func jsonSnapshot(s signatory.Snapshot) snapshotJSON {
	out := snapshotJSON{Identity: s.Identity.String(), Epoch: s.Epoch, Keysets: make([]keysetJSON, len(s.Keysets))}
	for i, k := range s.Keysets {
		out.Keysets[i] = jsonKeyset(k)
	}
	return out
}

func jsonKeyset(k cashu.Keyset) keysetJSON {
	return keysetJSON{
		ID: k.ID.String(), Unit: k.Unit.String(), Active: k.Active, InputFeePPK: k.InputFeePPK,
		FinalExpiry: k.FinalExpiry, Amounts: k.Keys.Amounts(), IssuerVersion: k.IssuerVersion,
	}
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
