package conditions

import "testing"

func TestKindTellsConditionsFromPlainSecrets(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, secret, kind string
		conditional        bool
	}{
		{"a hex secret is plain", "9a6dbb847bd232ba76db0df197216b29d3b8cc14553cd27827fc1cc942fedb4e", "", false},
		{"the empty secret is plain", "", "", false},
		{"a number is plain", "123", "", false},
		{"an object is plain", `{"kind":"P2PK"}`, "", false},
		{"an array of another shape is plain", `[1,2]`, "", false},
		{"an array of three is plain", `["P2PK",{},1]`, "", false},
		{"P2PK in compact form", `["P2PK",{"nonce":"00","data":"02","tags":[]}]`, "P2PK", true},
		{"P2PK with spaces and another order", ` [ "P2PK" , {"data": "02", "nonce": "00"}]`, "P2PK", true},
		{"an unknown kind is a condition", `["COVENANT",{"data":"x"}]`, "COVENANT", true},
		{"an escaped kind is unescaped", `["P2PK",{}]`, "P2PK", true},
		{"a broken condition fails closed", `["P2PK",{"nonce":`, "", true},
		{"a condition with duplicate keys fails closed", `["P2PK",{"data":"a","data":"b"}]`, "", true},
		{"trailing data fails closed", `["P2PK",{}]x`, "", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			kind, conditional := Kind(tc.secret)
			if kind != tc.kind || conditional != tc.conditional {
				t.Errorf("Kind(%q) = %q, %v; want %q, %v", tc.secret, kind, conditional, tc.kind, tc.conditional)
			}
		})
	}
}
