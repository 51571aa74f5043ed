package server

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"mintmark/cashu"
	"mintmark/keystore"
	"mintmark/keystore/rotation"
	adminpb "mintmark/proto/signatory/admin/v1"
)

// Lifecycle is what leads keysets through their life.
type Lifecycle interface {
	Lives() []keystore.Life
	Prepare(context.Context, keystore.RotateParams) (cashu.Keyset, error)
	Activate(ctx context.Context, id cashu.KeysetID, retireOthers bool) error
	// Schedule is Activate at a later time. Stepper.Step does it.
	Schedule(ctx context.Context, id cashu.KeysetID, at time.Time, retireOthers bool) error
	Signatures() map[cashu.KeysetID]uint64
	Retire(ctx context.Context, id cashu.KeysetID) error
}

var _ Lifecycle = (*keystore.Keystore)(nil)

// admin answers the operator. It shares what it changes with the service that
// signs, and none of its queues.
type admin struct {
	adminpb.UnimplementedAdminServiceServer
	keystore  Keystore
	lifecycle Lifecycle
	records   Auditor
	signing   *signing
	force     *inForce
	health    *healthState
	vault     *vault // nil: it cannot be locked
	told      func(locked bool)
	started   time.Time
	log       *slog.Logger
	rotator   *rotator
	clock     func() time.Time
}

var _ adminpb.AdminServiceServer = (*admin)(nil)

func (a *admin) Status(ctx context.Context, _ *adminpb.StatusRequest) (*adminpb.StatusResponse, error) {
	snapshot := a.keystore.Keysets()
	out := &adminpb.StatusResponse{Epoch: snapshot.Epoch, StartedAt: a.started.Unix()}
	if name := a.keystore.Identity(); !name.IsZero() {
		identity := name.Bytes()
		out.Identity = identity[:]
	}
	if a.vault.locked() {
		out.Locked = true
		return out, nil
	}
	seq, hash, err := a.records.AuditHead(ctx)
	if err != nil {
		return nil, &hidden{err}
	}
	out.Frozen, out.AuditSeq, out.AuditHash = a.frozen(), seq, hash[:]
	for _, l := range a.lifecycle.Lives() {
		out.Keysets = append(out.Keysets, a.render(l, snapshot.Keysets))
	}
	for _, r := range a.rotator.outlook() {
		one := &adminpb.Rotation{
			Unit: string(r.Next.Unit), Action: string(r.Next.Action), At: unixOrZero(r.Next.At),
			Reason: r.Next.Reason, Blocked: r.Next.Blocked,
		}
		if r.Policy != (rotation.Policy{}) {
			one.Policy = r.Policy.String()
		}
		out.Rotations = append(out.Rotations, one)
	}
	return out, nil
}

// unitOrAll reads what to freeze: one of the two, so that a forgotten name does not
// stop or start everything.
func unitOrAll(unit string, all bool) (cashu.Unit, error) {
	if all {
		return everyUnit, nil
	}
	u, err := cashu.ParseUnit(unit)
	if err != nil {
		return "", status.Error(codes.InvalidArgument, "say a unit or all")
	}
	return u, nil
}

func (a *admin) Freeze(ctx context.Context, in *adminpb.FreezeRequest) (*adminpb.FreezeResponse, error) {
	unit, err := unitOrAll(in.GetUnit(), in.GetAll())
	if err != nil {
		return nil, err
	}
	err = a.signing.frozen.freeze(ctx, unit, clientOf(ctx).Name)
	a.health.update()
	if err != nil {
		a.log.ErrorContext(ctx, "freezing", "error", err)
		return nil, status.Error(codes.Internal, "signing is stopped, but it could not be written down: it would not survive a restart")
	}
	return &adminpb.FreezeResponse{Frozen: a.frozen()}, nil
}

func (a *admin) Unfreeze(ctx context.Context, in *adminpb.UnfreezeRequest) (*adminpb.UnfreezeResponse, error) {
	unit, err := unitOrAll(in.GetUnit(), in.GetAll())
	if err != nil {
		return nil, err
	}
	if err := a.signing.frozen.unfreeze(ctx, unit, clientOf(ctx).Name); err != nil {
		return nil, &hidden{err}
	}
	a.health.update()
	return &adminpb.UnfreezeResponse{Frozen: a.frozen()}, nil
}

func (a *admin) PrepareKeyset(ctx context.Context, in *adminpb.PrepareKeysetRequest) (*adminpb.PrepareKeysetResponse, error) {
	unit, err := cashu.ParseUnit(in.GetUnit())
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "%.32q is not a unit", in.GetUnit())
	}
	params := keystore.RotateParams{Unit: unit, InputFeePPK: in.InputFeePpk, FinalExpiry: in.GetFinalExpiry()}
	for _, amount := range in.GetAmounts() {
		params.Amounts = append(params.Amounts, cashu.Amount(amount))
	}
	if in.IdVersion != nil {
		if n := in.GetIdVersion(); n != 1 && n != 2 {
			return nil, status.Error(codes.InvalidArgument, "the version of the id must be 1 or 2")
		}
		version := cashu.KeysetVersion(in.GetIdVersion() - 1)
		params.IDVersion = &version
	}
	k, err := a.lifecycle.Prepare(asClient(ctx), params)
	if err != nil {
		return nil, adminError(err)
	}
	return &adminpb.PrepareKeysetResponse{Keyset: a.keyset(k.ID)}, nil
}

func (a *admin) ActivateKeyset(ctx context.Context, in *adminpb.ActivateKeysetRequest) (*adminpb.ActivateKeysetResponse, error) {
	id, err := parseID(in.GetId())
	at := time.Unix(in.GetAt(), 0)
	switch {
	case err != nil:
	case at.After(a.clock()) && a.rotator.source == nil:
		err = status.Error(codes.FailedPrecondition, "this signatory activates nothing at a time")
	case at.After(a.clock()):
		err = adminError(a.lifecycle.Schedule(asClient(ctx), id, at, !in.GetKeepOthers()))
	default:
		err = adminError(a.lifecycle.Activate(asClient(ctx), id, !in.GetKeepOthers()))
	}
	if err != nil {
		return nil, err
	}
	return &adminpb.ActivateKeysetResponse{Keyset: a.keyset(id)}, nil
}

func (a *admin) RetireKeyset(ctx context.Context, in *adminpb.RetireKeysetRequest) (*adminpb.RetireKeysetResponse, error) {
	id, err := parseID(in.GetId())
	if err == nil {
		err = adminError(a.lifecycle.Retire(asClient(ctx), id))
	}
	if err != nil {
		return nil, err
	}
	return &adminpb.RetireKeysetResponse{Keyset: a.keyset(id)}, nil
}

func (a *admin) Budgets(ctx context.Context, _ *adminpb.BudgetsRequest) (*adminpb.BudgetsResponse, error) {
	if err := a.signing.budgets.refresh(ctx); err != nil {
		return nil, &hidden{err}
	}
	return &adminpb.BudgetsResponse{Budgets: a.signing.budgets.report(a.force.Load().clients)}, nil
}

func (a *admin) AuditHead(ctx context.Context, _ *adminpb.AuditHeadRequest) (*adminpb.AuditHeadResponse, error) {
	seq, hash, err := a.records.AuditHead(ctx)
	if err != nil {
		return nil, &hidden{err}
	}
	return &adminpb.AuditHeadResponse{Seq: seq, Hash: hash[:]}, nil
}

func (a *admin) frozen() *adminpb.Frozen {
	out := &adminpb.Frozen{}
	for _, unit := range a.signing.frozen.list() {
		if unit == everyUnit {
			out.All = true
		} else {
			out.Units = append(out.Units, string(unit))
		}
	}
	return out
}

func (a *admin) keyset(id cashu.KeysetID) *adminpb.Keyset {
	for _, l := range a.lifecycle.Lives() {
		if l.ID == id {
			return a.render(l, a.keystore.Keysets().Keysets)
		}
	}
	return nil
}

func (a *admin) render(l keystore.Life, keysets []cashu.Keyset) *adminpb.Keyset {
	stages := map[keystore.Stage]adminpb.Stage{
		keystore.StagePrepared: adminpb.Stage_STAGE_PREPARED,
		keystore.StageActive:   adminpb.Stage_STAGE_ACTIVE,
		keystore.StageRetired:  adminpb.Stage_STAGE_RETIRED,
	}
	out := &adminpb.Keyset{
		Id: l.ID.Bytes(), Unit: string(l.Unit), Stage: stages[l.Stage], Index: l.Index,
		CreatedAt: unixOrZero(l.Created), ActivatedAt: unixOrZero(l.Activated), RetiredAt: unixOrZero(l.Retired),
		ActivateAt: unixOrZero(l.ActivateAt), Signatures: a.lifecycle.Signatures()[l.ID] + a.rotator.tally.pending()[l.ID],
	}
	for _, k := range keysets {
		if k.ID == l.ID {
			out.InputFeePpk, out.FinalExpiry = k.InputFeePPK, k.FinalExpiry
			if k.ExpiredForInputs(a.clock()) {
				out.Stage = adminpb.Stage_STAGE_EXPIRED
			}
			out.Denominations = uint32(min(k.Keys.Len(), math.MaxUint32))
		}
	}
	return out
}

func unixOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func parseID(b []byte) (cashu.KeysetID, error) {
	id, err := cashu.KeysetIDFromBytes(b)
	if err != nil {
		return id, status.Error(codes.InvalidArgument, "that is no keyset id")
	}
	return id, nil
}

// asClient names the caller for the audit log of the keystore.
func asClient(ctx context.Context) context.Context {
	return keystore.WithClient(ctx, clientOf(ctx).Name)
}

func adminError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, keystore.ErrRefused), errors.Is(err, errLocked):
		return status.Error(codes.FailedPrecondition, err.Error())
	}
	return &hidden{err}
}
