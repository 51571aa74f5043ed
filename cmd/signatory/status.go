package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"mintmark/cashu"
	"mintmark/internal/commandline"
	adminpb "mintmark/proto/signatory/admin/v1"
)

func (p program) statusCommand(f *adminFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "status --connect unix:PATH",
		Short: "Show the keysets and their stages, what is frozen, and the head of the audit log",
		Long: `status shows what there is. The last line names the last record of the audit log:
kept somewhere else, it proves later that no record was taken away.`,
		Args: commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.call(cmd, func(ctx context.Context, c adminpb.AdminServiceClient) error {
				out, err := c.Status(ctx, &adminpb.StatusRequest{})
				if err != nil {
					return err
				}
				if f.json {
					return printJSON(p.stdout, statusOf(out))
				}
				return p.printStatus(out)
			})
		},
	}
}

type adminKeysetJSON struct {
	ID            string `json:"id"`
	Unit          string `json:"unit"`
	Stage         string `json:"stage"`
	Index         uint32 `json:"index"`
	InputFeePPK   uint64 `json:"input_fee_ppk"`
	FinalExpiry   uint64 `json:"final_expiry,omitempty"`
	Denominations uint32 `json:"denominations"`
	CreatedAt     int64  `json:"created_at"`
	ActivatedAt   int64  `json:"activated_at,omitempty"`
	RetiredAt     int64  `json:"retired_at,omitempty"`
	ActivateAt    int64  `json:"activate_at,omitempty"`
	Signatures    uint64 `json:"signatures"`
}

func adminKeyset(k *adminpb.Keyset) adminKeysetJSON {
	return adminKeysetJSON{
		ID: hex.EncodeToString(k.GetId()), Unit: k.GetUnit(), Stage: describeStage(k.GetStage()), Index: k.GetIndex(),
		InputFeePPK: k.GetInputFeePpk(), FinalExpiry: k.GetFinalExpiry(), Denominations: k.GetDenominations(),
		CreatedAt: k.GetCreatedAt(), ActivatedAt: k.GetActivatedAt(), RetiredAt: k.GetRetiredAt(),
		ActivateAt: k.GetActivateAt(), Signatures: k.GetSignatures(),
	}
}

type statusJSON struct {
	Identity  string            `json:"identity"`
	Epoch     uint64            `json:"epoch"`
	StartedAt int64             `json:"started_at"`
	Locked    bool              `json:"locked"`
	Frozen    frozenJSON        `json:"frozen"`
	Keysets   []adminKeysetJSON `json:"keysets"`
	Rotations []rotationJSON    `json:"rotations"`
	AuditHead string            `json:"audit_head"`
}

type rotationJSON struct {
	Unit    string `json:"unit"`
	Policy  string `json:"policy,omitempty"`
	Action  string `json:"action,omitempty"`
	At      int64  `json:"at,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Blocked string `json:"blocked,omitempty"`
}

func statusOf(in *adminpb.StatusResponse) statusJSON {
	out := statusJSON{
		Identity: hex.EncodeToString(in.GetIdentity()), Epoch: in.GetEpoch(), StartedAt: in.GetStartedAt(),
		Locked: in.GetLocked(), Frozen: frozenOf(in.GetFrozen()), Keysets: []adminKeysetJSON{}, Rotations: []rotationJSON{}, AuditHead: auditHead(in),
	}
	for _, k := range in.GetKeysets() {
		out.Keysets = append(out.Keysets, adminKeyset(k))
	}
	for _, r := range in.GetRotations() {
		out.Rotations = append(out.Rotations, rotationJSON{r.GetUnit(), r.GetPolicy(), r.GetAction(), r.GetAt(), r.GetReason(), r.GetBlocked()})
	}
	return out
}

// auditHead is the form that "signatory audit verify" reads.
func auditHead(in *adminpb.StatusResponse) string {
	return fmt.Sprintf("%d:%x", in.GetAuditSeq(), in.GetAuditHash())
}

func describeStage(s adminpb.Stage) string {
	return strings.ToLower(strings.TrimPrefix(s.String(), "STAGE_"))
}

func (p program) printStatus(in *adminpb.StatusResponse) error {
	if in.GetLocked() {
		_, err := fmt.Fprintf(p.stdout, "locked: there are no keys in memory (signatory admin unlock)\nruns since %s\n",
			time.Unix(in.GetStartedAt(), 0).UTC().Format(time.RFC3339))
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "identity %x\nserves since %s\nepoch %d\n%s\n\n", in.GetIdentity(),
		time.Unix(in.GetStartedAt(), 0).UTC().Format(time.RFC3339), in.GetEpoch(), describeFrozen(in.GetFrozen()))
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	for _, k := range in.GetKeysets() {
		fmt.Fprintf(w, "%s\t%s\t%x\t%d denominations\tfee %s\tfinal expiry %s%s\n", k.GetUnit(), describeStage(k.GetStage()), k.GetId(),
			k.GetDenominations(), describeFee(k.GetInputFeePpk(), cashu.Unit(k.GetUnit())), describeExpiry(k.GetFinalExpiry()), describeSchedule(k))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, r := range in.GetRotations() {
		fmt.Fprintf(&b, "\n%s\n", describeRotation(r))
	}
	fmt.Fprintf(&b, "\naudit head %s\n", auditHead(in))
	_, err := fmt.Fprint(p.stdout, b.String())
	return err
}

// describeSchedule says when a prepared keyset is to become active.
func describeSchedule(k *adminpb.Keyset) string {
	if k.GetActivateAt() == 0 {
		return ""
	}
	return ", active from " + time.Unix(k.GetActivateAt(), 0).UTC().Format(time.RFC3339)
}

// describeRotation is what comes next for a unit.
func describeRotation(r *adminpb.Rotation) string {
	text := r.GetUnit() + " does not rotate by itself"
	if r.GetPolicy() != "" {
		text = r.GetUnit() + " rotates " + r.GetPolicy()
	}
	if r.GetAction() != "" {
		text += fmt.Sprintf("\n  next: %s at %s (%s)", r.GetAction(), time.Unix(r.GetAt(), 0).UTC().Format(time.RFC3339), r.GetReason())
	}
	if r.GetBlocked() != "" {
		text += "\n  it has to wait for " + r.GetBlocked()
	}
	return text
}
