package server

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"mintmark/cashu"
	"mintmark/keystore"
)

// RotatePolicy is what a mint may rotate. Mints made with CDK rotate when they
// start, if their configuration differs from the active keyset.
type RotatePolicy uint8

const (
	// RotateDeny refuses every rotation: the operator rotates.
	RotateDeny RotatePolicy = iota
	// RotateSame answers a request for exactly what is active already with the
	// active keyset, makes none, and refuses all others.
	RotateSame
	// RotateAllow rotates as the mint asks.
	RotateAllow
)

func rotatePolicies() []string { return []string{"deny", "same", "allow"} }

func (p RotatePolicy) String() string { return rotatePolicies()[p] }

func parseRotatePolicy(s string) (RotatePolicy, error) {
	if s == "" {
		return RotateDeny, nil
	}
	i := slices.Index(rotatePolicies(), s)
	if i < 0 {
		return 0, fmt.Errorf("rotate is %q and must be one of %s", s, strings.Join(rotatePolicies(), ", "))
	}
	return RotatePolicy(i), nil
}

// mayRotate decides on a rotation. A keyset that is not nil is the answer,
// without a rotation.
func mayRotate(who *Client, active []cashu.Keyset, p keystore.RotateParams) (*cashu.Keyset, error) {
	if who.Roles.Any(Rotator) || who.Rotate == RotateAllow {
		return nil, nil
	}
	if who.Rotate == RotateSame {
		for _, k := range slices.Backward(active) {
			if isSame(k, p) {
				return &k, nil
			}
		}
		return nil, status.Errorf(codes.PermissionDenied,
			`the client %s may not change a keyset: the request for %s differs from what is active, and its option is rotate = "same" in the clients file`, who.Name, p.Unit)
	}
	return nil, status.Errorf(codes.PermissionDenied,
		`the client %s may not rotate: rotate as the operator, or give it rotate = "same" or rotate = "allow" in the clients file`, who.Name)
}

// isSame tells whether k is an active keyset that is what p asks for.
func isSame(k cashu.Keyset, p keystore.RotateParams) bool {
	return k.Active && k.Unit == p.Unit && k.FinalExpiry == p.FinalExpiry &&
		(p.InputFeePPK == nil || *p.InputFeePPK == k.InputFeePPK) &&
		(p.IDVersion == nil || *p.IDVersion == k.ID.Version()) &&
		(len(p.Amounts) == 0 || slices.Equal(p.Amounts, k.Keys.Amounts()))
}
