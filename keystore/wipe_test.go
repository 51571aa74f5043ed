package keystore

import (
	"bytes"
	"testing"

	"mintmark/cashu"
)

func TestACloseLeavesNoKeyBehind(t *testing.T) {
	t.Parallel()
	ks, err := Open(t.Context(), testConfig(t))
	if err != nil {
		t.Fatal(err)
	}
	mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: []cashu.Amount{1, 2}})
	id := ks.Keysets().Keysets[0].ID
	key := ks.current.Load().byID[id].keys[1]
	if _, err := key.Sign(key.Public()); err != nil {
		t.Fatal(err)
	}
	if err := ks.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := key.Sign(key.Public()); err == nil {
		t.Error("a copy of a key signs after the end")
	}
	if _, err := ks.Sign(t.Context(), []cashu.BlindedMessage{{Amount: 1, ID: id, B: key.Public()}}); err == nil {
		t.Error("the keystore signs after its end")
	}
	if !ks.root.Key().IsZero() || !bytes.Equal(ks.auditKey, make([]byte, 32)) {
		t.Error("the root of the keys is still there")
	}
}
