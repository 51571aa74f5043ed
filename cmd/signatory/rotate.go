package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mintmark/cashu"
	"mintmark/internal/commandline"
	"mintmark/keystore"
	"mintmark/signatory"
)

type rotateFlags struct {
	unit      string
	amounts   string
	maxOrder  uint64
	fee       uint64
	expiry    string
	idVersion uint8
	dryRun    bool
	json      bool
}

func (p program) rotateCommand(c *connectFlags) *cobra.Command {
	var f rotateFlags
	cmd := &cobra.Command{
		Use:   "rotate --connect unix:PATH|HOST:PORT --unit UNIT",
		Short: "Make a new keyset for a unit; the one before becomes inactive",
		Long: `rotate makes a new keyset and activates it, on the running signatory. The mint
hears of it at once. Coins of the keyset before stay good; wallets exchange them
in passing.

Everything that you do not give is as in the active keyset of the unit: the
denominations, the fee and the version of the id. The final expiry alone is not
taken over: without --final-expiry the new keyset never expires.

A unit that has no keyset yet needs --amounts or --max-order.

Rotation cannot be undone, but it can be repeated. --dry-run shows what would
change, with the same checks, and changes nothing.`,
		Example: `  signatory keysets rotate --connect unix:DIR/signatory.sock --unit sat --dry-run
  signatory keysets rotate --connect unix:DIR/signatory.sock --unit sat --fee-ppk 100
  signatory keysets rotate --connect unix:DIR/signatory.sock --unit usd --max-order 20 --final-expiry 8760h`,
		Args: commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.rotate(cmd, c, f) },
	}
	flags := cmd.Flags()
	f.addParams(flags)
	flags.BoolVar(&f.dryRun, "dry-run", false, "show what would change and change nothing")
	flags.BoolVar(&f.json, "json", false, "print JSON for programs")
	return cmd
}

// addParams adds what describes a keyset.
func (f *rotateFlags) addParams(flags *pflag.FlagSet) {
	flags.StringVar(&f.unit, "unit", "", "`unit` of the keyset, for example sat (required)")
	flags.StringVar(&f.amounts, "amounts", "", "denominations, ascending: `1,2,4,…`")
	flags.Uint64Var(&f.maxOrder, "max-order", 0, "`number` of denominations 1, 2, 4, 8 and so on, 1 to 64")
	flags.Uint64Var(&f.fee, "fee-ppk", 0, "fee per input in `thousandths` of the unit")
	flags.StringVar(&f.expiry, "final-expiry", "", "`moment` after which coins are worthless: unix seconds, 2030-01-31T00:00:00Z, or a duration from now like 8760h")
	flags.Uint8Var(&f.idVersion, "id-version", 0, idVersionUsage)
}

func (p program) rotate(cmd *cobra.Command, c *connectFlags, f rotateFlags) error {
	params, err := p.rotateParams(cmd, f)
	if err != nil {
		return err
	}
	client, err := c.dial(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	s, err := client.Keysets(cmd.Context())
	if err != nil {
		return c.hintCall(err)
	}
	// The decision of the signatory itself, made here from the public keysets.
	plan, err := keystore.PlanRotation(s.Keysets, params, p.clock())
	if err != nil {
		return err
	}
	if f.dryRun {
		return p.printPlan(plan, f.json)
	}
	// What was planned is sent in full: should somebody else rotate in between,
	// nothing is inherited from a keyset that this command has not seen.
	k, err := client.RotateKeyset(cmd.Context(), signatory.RotateRequest{
		Unit: plan.Unit, InputFeePPK: plan.InputFeePPK, Amounts: plan.Amounts,
		FinalExpiry: plan.FinalExpiry, IDVersion: plan.IDVersion,
	})
	if err != nil {
		return c.hintCall(err)
	}
	if f.json {
		return printJSON(p.stdout, jsonKeyset(k))
	}
	_, err = fmt.Fprintf(p.stdout, "keyset %s is the active one for %s: %s, fee %s, final expiry %s\n",
		k.ID, k.Unit, describeAmounts(k.Keys.Amounts()), describeFee(k.InputFeePPK, k.Unit), describeExpiry(k.FinalExpiry))
	return err
}

func (p program) rotateParams(cmd *cobra.Command, f rotateFlags) (keystore.RotateParams, error) {
	var params keystore.RotateParams
	given := cmd.Flags().Changed
	if f.unit == "" {
		return params, commandline.Usagef(cmd, "--unit is missing")
	}
	if given("amounts") && given("max-order") {
		return params, commandline.Usagef(cmd, "--amounts and --max-order exclude each other")
	}
	unit, err := cashu.ParseUnit(f.unit)
	if err != nil {
		return params, commandline.Usagef(cmd, "%q is not a unit", f.unit)
	}
	params.Unit = unit
	switch {
	case given("amounts"):
		params.Amounts, err = parseAmounts(f.amounts)
	case given("max-order"):
		params.Amounts, err = powersOfTwo(f.maxOrder)
	}
	if err == nil && given("final-expiry") {
		params.FinalExpiry, err = parseExpiry(f.expiry, p.clock())
	}
	if err != nil {
		return params, commandline.Usage(cmd, err)
	}
	if given("fee-ppk") {
		params.InputFeePPK = &f.fee
	}
	if given("id-version") {
		version, err := parseIDVersion(f.idVersion)
		if err != nil {
			return params, commandline.Usage(cmd, err)
		}
		params.IDVersion = &version
	}
	return params, nil
}

type planJSON struct {
	Unit        string         `json:"unit"`
	InputFeePPK uint64         `json:"input_fee_ppk"`
	FinalExpiry uint64         `json:"final_expiry,omitempty"`
	Amounts     []cashu.Amount `json:"amounts"`
	IDVersion   int            `json:"id_version"`
	Replaces    []string       `json:"replaces"`
}

func (p program) printPlan(plan keystore.Plan, asJSON bool) error {
	if asJSON {
		out := planJSON{
			Unit: plan.Unit.String(), InputFeePPK: plan.InputFeePPK, FinalExpiry: plan.FinalExpiry,
			Amounts: plan.Amounts, IDVersion: int(plan.IDVersion) + 1, Replaces: []string{},
		}
		for _, k := range plan.Replaces {
			out.Replaces = append(out.Replaces, k.ID.String())
		}
		return printJSON(p.stdout, out)
	}
	rows := [][3]string{
		{"denominations", "", describeAmounts(plan.Amounts)},
		{"fee", "", describeFee(plan.InputFeePPK, plan.Unit)},
		{"final expiry", "", describeExpiry(plan.FinalExpiry)},
		{"id version", "", describeVersion(plan.IDVersion)},
	}
	if n := len(plan.Replaces); n > 0 {
		now := plan.Replaces[n-1]
		rows[0][1] = describeAmounts(now.Keys.Amounts())
		rows[1][1] = describeFee(now.InputFeePPK, now.Unit)
		rows[2][1] = describeExpiry(now.FinalExpiry)
		rows[3][1] = describeVersion(now.ID.Version())
	}
	return p.printRows(plan, rows)
}

func (p program) printRows(plan keystore.Plan, rows [][3]string) error {
	var b strings.Builder
	if len(plan.Replaces) == 0 {
		fmt.Fprintf(&b, "%s has no keyset yet. The first one would be:\n\n", plan.Unit)
	} else {
		fmt.Fprintf(&b, "The active keyset of %s would be replaced:\n\n", plan.Unit)
	}
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	for _, r := range rows {
		switch {
		case r[1] == "":
			fmt.Fprintf(w, "  %s\t%s\n", r[0], r[2])
		case r[1] == r[2]:
			fmt.Fprintf(w, "  %s\t%s\t(unchanged)\n", r[0], r[2])
		default:
			fmt.Fprintf(w, "  %s\t%s\t-> %s\n", r[0], r[1], r[2])
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, k := range plan.Replaces {
		fmt.Fprintf(&b, "\n%s becomes inactive; its coins stay good.\n", k.ID)
	}
	b.WriteString("\nThis was a dry run: nothing has changed.\n")
	_, err := fmt.Fprint(p.stdout, b.String())
	return err
}
