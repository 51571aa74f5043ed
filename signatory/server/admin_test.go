package server

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"mintmark/cashu"
	"mintmark/keystore"
	adminpb "mintmark/proto/signatory/admin/v1"
	"mintmark/signatory"
)

// operated is a signatory with an admin socket over a real keystore.
type operated struct {
	*running
	ks    *keystore.Keystore
	mint  *signatory.Client
	admin adminpb.AdminServiceClient
	conn  *grpc.ClientConn
	file  string
}

func operate(t *testing.T, clients *Clients) operated {
	t.Helper()
	o := operated{file: t.TempDir() + "/k.db"}
	o.ks = storedKeystore(t, o.file, true, nil)
	rotate(t, o.ks, 0)
	path := socketPath(t)
	o.running = serve(t, Config{
		Keystore: o.ks, Records: o.ks, Lifecycle: o.ks, Clients: clients, Listen: "unix:" + path, AdminListen: "unix:" + path + "a",
	})
	o.mint = dial(t, signatory.ClientConfig{Address: "unix:" + path})
	var err error
	o.conn, err = grpc.NewClient("passthrough:///unix:"+path+"a", grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.conn.Close() })
	o.admin = adminpb.NewAdminServiceClient(o.conn)
	return o
}

func TestTheOperatorStopsAndStartsSigning(t *testing.T) {
	t.Parallel()
	o := operate(t, nil)
	messages, _ := order(t, o.ks.Keysets().Keysets[0], 1, 1)
	sign := func() error {
		_, err := o.mint.BlindSign(t.Context(), messages)
		return err
	}
	healthy := func() healthpb.HealthCheckResponse_ServingStatus {
		got, err := healthpb.NewHealthClient(o.conn).Check(t.Context(), &healthpb.HealthCheckRequest{Service: "signatory.Signatory"})
		if err != nil {
			t.Fatal(err)
		}
		return got.GetStatus()
	}
	if err := sign(); err != nil {
		t.Fatal(err)
	}
	got, err := o.admin.Freeze(t.Context(), &adminpb.FreezeRequest{What: &adminpb.FreezeRequest_Unit{Unit: "SAT"}})
	if err != nil || len(got.GetFrozen().GetUnits()) != 1 || got.GetFrozen().GetUnits()[0] != "sat" || got.GetFrozen().GetAll() {
		t.Fatalf("%v, %v", got, err)
	}
	if err := sign(); err == nil || !strings.Contains(err.Error(), "signing of sat is stopped by the operator") {
		t.Error(err)
	}
	if _, err := o.admin.Freeze(t.Context(), &adminpb.FreezeRequest{What: &adminpb.FreezeRequest_All{All: true}}); err != nil {
		t.Fatal(err)
	}
	if healthy() != healthpb.HealthCheckResponse_NOT_SERVING {
		t.Error("it seems to sign")
	}
	if _, err := o.admin.Unfreeze(t.Context(), &adminpb.UnfreezeRequest{What: &adminpb.UnfreezeRequest_All{All: true}}); err != nil {
		t.Fatal(err)
	}
	if err := sign(); err == nil {
		t.Error("unfreezing all has unfrozen a unit")
	}
	if _, err := o.admin.Unfreeze(t.Context(), &adminpb.UnfreezeRequest{What: &adminpb.UnfreezeRequest_Unit{Unit: "sat"}}); err != nil {
		t.Fatal(err)
	}
	if err := sign(); err != nil || healthy() != healthpb.HealthCheckResponse_SERVING {
		t.Error(err)
	}
	for name, in := range map[string]*adminpb.FreezeRequest{
		"nothing":     {},
		"not all":     {What: &adminpb.FreezeRequest_All{}},
		"no unit":     {What: &adminpb.FreezeRequest_Unit{}},
		"not a unit":  {What: &adminpb.FreezeRequest_Unit{Unit: "a:b"}},
		"only spaces": {What: &adminpb.FreezeRequest_Unit{Unit: "  "}},
	} {
		if _, err := o.admin.Freeze(t.Context(), in); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := sign(); err != nil {
		t.Errorf("a request without sense has stopped signing: %v", err)
	}
	if got := kinds(t, o.file); got[keystore.AuditFreeze] != 2 || got[keystore.AuditUnfreeze] != 2 {
		t.Errorf("%v", got)
	}
}

func TestAKeysetThroughItsLife(t *testing.T) {
	t.Parallel()
	o := operate(t, nil)
	old := o.ks.Keysets().Keysets[0]
	fee, version := uint64(100), uint32(2)
	prepared, err := o.admin.PrepareKeyset(t.Context(), &adminpb.PrepareKeysetRequest{Unit: "sat", InputFeePpk: &fee, IdVersion: &version})
	if err != nil || prepared.GetKeyset().GetStage() != adminpb.Stage_STAGE_PREPARED || prepared.GetKeyset().GetDenominations() != 32 {
		t.Fatalf("%v, %v", prepared, err)
	}
	snapshot, err := o.mint.Keysets(t.Context())
	if err != nil || len(snapshot.Keysets) != 2 || snapshot.Keysets[1].Active || snapshot.Keysets[1].InputFeePPK != 100 {
		t.Fatalf("%+v, %v", snapshot, err)
	}
	fresh := snapshot.Keysets[1]
	signs := func(k cashu.Keyset) bool {
		messages, _ := order(t, k, 1, 1)
		_, err := o.mint.BlindSign(t.Context(), messages)
		return err == nil
	}
	if !signs(old) || signs(fresh) {
		t.Error("prepared: the wrong one signs")
	}
	if _, err := o.admin.ActivateKeyset(t.Context(), &adminpb.ActivateKeysetRequest{Id: fresh.ID.Bytes(), KeepOthers: true}); err != nil {
		t.Fatal(err)
	}
	if !signs(old) || !signs(fresh) {
		t.Error("overlap: not both sign")
	}
	retired, err := o.admin.RetireKeyset(t.Context(), &adminpb.RetireKeysetRequest{Id: old.ID.Bytes()})
	if err != nil || retired.GetKeyset().GetStage() != adminpb.Stage_STAGE_RETIRED || retired.GetKeyset().GetRetiredAt() == 0 {
		t.Fatalf("%v, %v", retired, err)
	}
	if signs(old) || !signs(fresh) {
		t.Error("retired: the wrong one signs")
	}

	now, err := o.admin.Status(t.Context(), &adminpb.StatusRequest{})
	if err != nil || len(now.GetKeysets()) != 2 || now.GetKeysets()[1].GetStage() != adminpb.Stage_STAGE_ACTIVE || now.GetEpoch() != o.ks.Keysets().Epoch {
		t.Fatalf("%v, %v", now, err)
	}
	identity := o.ks.Identity().Bytes()
	if !bytes.Equal(now.GetIdentity(), identity[:]) {
		t.Errorf("%v", now)
	}
	head, err := o.admin.AuditHead(t.Context(), &adminpb.AuditHeadRequest{})
	if err != nil || head.GetSeq() == 0 || head.GetSeq() != now.GetAuditSeq() || !bytes.Equal(head.GetHash(), now.GetAuditHash()) {
		t.Errorf("%v, %v", head, err)
	}
	if got := kinds(t, o.file); got[keystore.AuditPrepare] != 1 || got[keystore.AuditActivate] != 1 || got[keystore.AuditRetire] != 1 {
		t.Errorf("%v", got)
	}
	var log strings.Builder
	if err := keystore.ExportAudit(t.Context(), keystore.At(o.file), &log); err != nil || !strings.Contains(log.String(), "operator") {
		t.Errorf("%v: the audit log does not name who did it:\n%s", err, log.String())
	}

	wrong := uint32(3)
	for name, test := range map[string]struct {
		call func() error
		want codes.Code
	}{
		"activate what is retired": {func() error {
			_, err := o.admin.ActivateKeyset(t.Context(), &adminpb.ActivateKeysetRequest{Id: old.ID.Bytes()})
			return err
		}, codes.FailedPrecondition},
		"retire what is not there": {func() error {
			_, err := o.admin.RetireKeyset(t.Context(), &adminpb.RetireKeysetRequest{Id: make([]byte, 8)})
			return err
		}, codes.FailedPrecondition},
		"retire nothing": {func() error { _, err := o.admin.RetireKeyset(t.Context(), &adminpb.RetireKeysetRequest{}); return err }, codes.InvalidArgument},
		"activate half an id": {func() error {
			_, err := o.admin.ActivateKeyset(t.Context(), &adminpb.ActivateKeysetRequest{Id: make([]byte, 4)})
			return err
		}, codes.InvalidArgument},
		"prepare no unit": {func() error {
			_, err := o.admin.PrepareKeyset(t.Context(), &adminpb.PrepareKeysetRequest{})
			return err
		}, codes.InvalidArgument},
		"prepare of version 3": {func() error {
			_, err := o.admin.PrepareKeyset(t.Context(), &adminpb.PrepareKeysetRequest{Unit: "sat", IdVersion: &wrong})
			return err
		}, codes.InvalidArgument},
		"prepare without amounts": {func() error {
			_, err := o.admin.PrepareKeyset(t.Context(), &adminpb.PrepareKeysetRequest{Unit: "usd"})
			return err
		}, codes.FailedPrecondition},
		"prepare what is born dead": {func() error {
			_, err := o.admin.PrepareKeyset(t.Context(), &adminpb.PrepareKeysetRequest{Unit: "sat", FinalExpiry: 1})
			return err
		}, codes.FailedPrecondition},
		"prepare with amounts twice": {func() error {
			_, err := o.admin.PrepareKeyset(t.Context(), &adminpb.PrepareKeysetRequest{Unit: "sat", Amounts: []uint64{2, 2}})
			return err
		}, codes.FailedPrecondition},
	} {
		if err := test.call(); status.Code(err) != test.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBudgetsAreReported(t *testing.T) {
	t.Parallel()
	o := operate(t, ourMint(t, "[[client.budget]]\nunit = \"sat\"\nhour_value = 100\nkeyset_signatures = 9\n"))
	messages, _ := order(t, o.ks.Keysets().Keysets[0], 8, 3)
	if _, err := o.mint.BlindSign(t.Context(), messages); err != nil {
		t.Fatal(err)
	}
	got, err := o.admin.Budgets(t.Context(), &adminpb.BudgetsRequest{})
	if err != nil || len(got.GetBudgets()) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	b := got.GetBudgets()[0]
	if b.GetClient() != "mint" || b.GetHour().GetUsed().GetValue() != 24 || b.GetHour().GetLimit().GetValue() != 100 ||
		b.GetDay().GetUsed().GetSignatures() != 3 || len(b.GetKeysets()) != 1 || b.GetKeysets()[0].GetWindow().GetLimit().GetSignatures() != 9 {
		t.Errorf("%v", b)
	}
}

func TestRolesOnTheAdminSocket(t *testing.T) {
	t.Parallel()
	for roles, test := range map[string]struct{ read, change codes.Code }{
		"admin":   {codes.OK, codes.OK},
		"monitor": {codes.OK, codes.PermissionDenied},
		"mint":    {codes.Unavailable, codes.Unavailable}, // turned away at the door
		"rotator": {codes.Unavailable, codes.Unavailable},
	} {
		t.Run(roles, func(t *testing.T) {
			t.Parallel()
			o := operate(t, mustParse(t, fmt.Sprintf("[[client]]\nname = \"c\"\nroles = [%q]\nuid = [%d]\n", roles, os.Geteuid())))
			_, err := o.admin.Status(t.Context(), &adminpb.StatusRequest{})
			if status.Code(err) != test.read {
				t.Errorf("Status: %v", err)
			}
			_, err = o.admin.Freeze(t.Context(), &adminpb.FreezeRequest{What: &adminpb.FreezeRequest_Unit{Unit: "usd"}})
			if status.Code(err) != test.change {
				t.Errorf("Freeze: %v", err)
			}
		})
	}
}

func TestOnlyOurUserAndRootAreTheOperatorWithoutAClientsFile(t *testing.T) {
	t.Parallel()
	for id, ok := range map[string]bool{
		"ours": true, "root": true, "other": false, "nobody": false,
	} {
		who := map[string]identity{
			"ours": {kind: socket, uid: uint32(os.Geteuid())}, "root": {kind: socket},
			"other": {kind: socket, uid: uint32(os.Geteuid()) + 1}, "nobody": {},
		}[id]
		if c, err := ourselves(who); (err == nil) != ok || (ok && c.Roles != Admin|Monitor) {
			t.Errorf("%s: %v, %v", id, c, err)
		}
	}
}

// The methods of the operator do not exist where mints call.
func TestMintsDoNotReachTheAdmin(t *testing.T) {
	t.Parallel()
	_, conn := inMemory(t, Config{Keystore: newFake(t)})
	if _, err := adminpb.NewAdminServiceClient(conn).Status(t.Context(), &adminpb.StatusRequest{}); status.Code(err) != codes.Unimplemented {
		t.Error(err)
	}
}
