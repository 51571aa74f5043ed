package lnd

import "testing"

func TestANodeIsNamedByItsPublicKey(t *testing.T) {
	t.Parallel()
	net := network.Network(t)
	names := map[string]bool{}
	for _, node := range []Config{config(t, net.A), config(t, net.B)} {
		b := open(t, node)
		name, err := b.Identity(t.Context())
		again, _ := b.Identity(t.Context())
		if err != nil || len(name) != 66 || again != name {
			t.Errorf("it is %q, then %q, %v", name, again, err)
		}
		names[name] = true
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
	if len(names) != 2 {
		t.Errorf("two nodes are called %v", names)
	}
}
