package server

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	pb "mintmark/proto/signatory"
	adminpb "mintmark/proto/signatory/admin/v1"
)

// The table is written down a second time here, so that giving somebody a right
// takes two decisions.
func TestWhoMayCallWhat(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"/signatory.Signatory/BlindSign":                  "mint",
		"/signatory.Signatory/VerifyProofs":               "mint",
		"/signatory.Signatory/Keysets":                    "mint,rotator,monitor",
		"/signatory.Signatory/SubscribeKeysets":           "mint,rotator,monitor",
		"/signatory.Signatory/RotateKeyset":               "mint,rotator",
		"/signatory.admin.v1.AdminService/Status":         "admin,monitor",
		"/signatory.admin.v1.AdminService/Budgets":        "admin,monitor",
		"/signatory.admin.v1.AdminService/AuditHead":      "admin,monitor",
		"/signatory.admin.v1.AdminService/Freeze":         "admin",
		"/signatory.admin.v1.AdminService/Unfreeze":       "admin",
		"/signatory.admin.v1.AdminService/PrepareKeyset":  "admin",
		"/signatory.admin.v1.AdminService/ActivateKeyset": "admin",
		"/signatory.admin.v1.AdminService/RetireKeyset":   "admin",
		"/signatory.admin.v1.AdminService/Lock":           "admin",
		"/signatory.admin.v1.AdminService/Unlock":         "admin",

		"/grpc.health.v1.Health/Check": "mint,rotator,admin,monitor",
		"/grpc.health.v1.Health/List":  "mint,rotator,admin,monitor",
		"/grpc.health.v1.Health/Watch": "mint,rotator,admin,monitor",
	}
	got := map[string]string{}
	for method, roles := range access() {
		got[method] = roles.String()
	}
	if !maps.Equal(got, want) {
		t.Errorf("it is %v", got)
	}
}

func TestTheTableOfRolesMustFitTheMethods(t *testing.T) {
	t.Parallel()
	g, adm := grpc.NewServer(), grpc.NewServer()
	defer g.Stop()
	defer adm.Stop()
	pb.RegisterSignatoryServer(g, &service{})
	adminpb.RegisterAdminServiceServer(adm, &admin{})
	healthpb.RegisterHealthServer(g, healthpb.UnimplementedHealthServer{})
	full := access()
	if err := checkAccess(full, g, adm); err != nil {
		t.Fatal(err)
	}
	for _, method := range slices.Sorted(maps.Keys(full)) {
		less := maps.Clone(full)
		delete(less, method)
		if err := checkAccess(less, g, adm); err == nil || !strings.Contains(err.Error(), "nobody is named who may call "+method) {
			t.Errorf("without %s: %v", method, err)
		}
	}
	full["/signatory.Signatory/Burn"] = Mint
	if err := checkAccess(full, g, adm); err == nil || !strings.Contains(err.Error(), "Burn, which does not exist") {
		t.Error(err)
	}
}

func TestRolesAreWritten(t *testing.T) {
	t.Parallel()
	if got := fmt.Sprint(Roles(0), Mint|Monitor); got != "none mint,monitor" {
		t.Error(got)
	}
}
