package server

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	pb "mintmark/proto/signatory"
	adminpb "mintmark/proto/signatory/admin/v1"
)

// access is the one table of who may call what. A method that is not in it is
// not served: checkAccess compares it with what is registered before the first
// connection is taken.
func access() map[string]Roles {
	anybody := Mint | Rotator | Admin | Monitor
	return map[string]Roles{
		pb.Signatory_BlindSign_FullMethodName:        Mint,
		pb.Signatory_VerifyProofs_FullMethodName:     Mint,
		pb.Signatory_Keysets_FullMethodName:          Mint | Rotator | Monitor,
		pb.Signatory_SubscribeKeysets_FullMethodName: Mint | Rotator | Monitor,
		// What a mint may rotate is up to its rotate option.
		pb.Signatory_RotateKeyset_FullMethodName: Mint | Rotator,

		adminpb.AdminService_Status_FullMethodName:         Admin | Monitor,
		adminpb.AdminService_Budgets_FullMethodName:        Admin | Monitor,
		adminpb.AdminService_AuditHead_FullMethodName:      Admin | Monitor,
		adminpb.AdminService_Freeze_FullMethodName:         Admin,
		adminpb.AdminService_Unfreeze_FullMethodName:       Admin,
		adminpb.AdminService_PrepareKeyset_FullMethodName:  Admin,
		adminpb.AdminService_ActivateKeyset_FullMethodName: Admin,
		adminpb.AdminService_RetireKeyset_FullMethodName:   Admin,
		adminpb.AdminService_Lock_FullMethodName:           Admin,
		adminpb.AdminService_Unlock_FullMethodName:         Admin,

		healthpb.Health_Check_FullMethodName: anybody,
		healthpb.Health_List_FullMethodName:  anybody,
		healthpb.Health_Watch_FullMethodName: anybody,
	}
}

// The roles that have any business on each listener: whoever has none of them is
// turned away at the door.
const (
	admitted      = Mint | Rotator | Monitor
	adminAdmitted = Admin | Monitor
)

// checkAccess compares the table with the methods that the servers answer.
func checkAccess(table map[string]Roles, servers ...*grpc.Server) error {
	registered := map[string]bool{}
	for _, g := range servers {
		for service, info := range g.GetServiceInfo() {
			for _, m := range info.Methods {
				registered["/"+service+"/"+m.Name] = true
			}
		}
	}
	var problems []error
	for _, method := range slices.Sorted(maps.Keys(registered)) {
		if table[method] == 0 {
			problems = append(problems, fmt.Errorf("nobody is named who may call %s", method))
		}
	}
	for _, method := range slices.Sorted(maps.Keys(table)) {
		if !registered[method] {
			problems = append(problems, fmt.Errorf("the roles name %s, which does not exist", method))
		}
	}
	return errors.Join(problems...)
}
