package conditions_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"mintmark/cashu"
	"mintmark/cashu/conditions"
)

// A second, careless reader of NUT-10: what it takes for a condition must never
// count as a plain secret.
func looksConditional(secret string) bool {
	var parts []any
	if json.Unmarshal([]byte(secret), &parts) != nil || len(parts) != 2 {
		return false
	}
	_, kind := parts[0].(string)
	_, object := parts[1].(map[string]any)
	return kind && object
}

func FuzzParse(f *testing.F) {
	for _, v := range nut11 {
		var r cashu.SwapRequest
		if err := cashu.Decode([]byte(v.request), &r); err != nil {
			f.Fatal(err)
		}
		f.Add(r.Inputs[0].Secret)
	}
	for _, s := range []string{"", "[", `["P2PK"`, p2pk(`["x",""]`), htlc(`["n_sigs","1"]`), `["P2PK",{"a":1,"a":2}]`, " [ \"X\" , {} ] ", "[\"\xff\",{}]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, secret string) {
		kind, conditional := conditions.Kind(secret)
		c, err := conditions.Parse(secret)
		switch {
		case looksConditional(secret) && !conditional:
			t.Fatalf("%q counts as plain", secret)
		case conditional != (c != nil || err != nil):
			t.Fatalf("%q: conditional %v, but parsed as %v, %v", secret, conditional, c, err)
		case err != nil:
			if _, ok := errors.AsType[*cashu.Error](err); !ok || c != nil && err == nil {
				t.Fatalf("%v is no refusal that a wallet may see", err)
			}
			return
		case c == nil:
			return
		}
		if !utf8.ValidString(secret) || kind != c.Kind() {
			t.Fatalf("%q is read as a condition of kind %q and %q", secret, kind, c.Kind())
		}
		if c.Needed() > len(c.Keys()) || c.RefundNeeded() > len(c.RefundKeys()) || len(c.RefundKeys()) > 0 && c.RefundNeeded() == 0 ||
			len(c.Keys()) > 0 && c.Needed() == 0 || c.Kind() == conditions.KindP2PK && len(c.Keys()) == 0 {
			t.Fatalf("%q can be met by nobody or by anybody: %+v", secret, c)
		}
		seen := map[string]bool{}
		for _, k := range c.Keys() {
			x := k.String()[2:]
			if seen[x] {
				t.Fatalf("%q has a key twice", secret)
			}
			seen[x] = true
		}
		// Nobody has signed, so nobody may spend while the lock is on.
		p := coin(t, secret)
		if err := spend(swap(p), unix(0)); err == nil {
			t.Fatalf("%q opens without a witness", secret)
		}
	})
}

func FuzzWitness(f *testing.F) {
	for _, s := range []string{"", "null", "{}", "[]", `{"signatures":["` + strings.Repeat("00", 64) + `",null,""],"preimage":"` + preimageX + `"}`, `{"signatures":null}`, `{"signatures":[],"signatures":[]}`, "{}{}", "{\"preimage\":\"\xff\"}"} {
		f.Add(s)
	}
	p2pkCoin, htlcCoin := locked(f, conditions.Lock{Key: key(f, 1).Public(), Locktime: 1, Refund: publics(f, 2)}), locked(f, conditions.Lock{Hash: hashOf(preimage)})
	f.Fuzz(func(t *testing.T, text string) {
		w, err := conditions.ParseWitness(text)
		if err != nil {
			if _, ok := errors.AsType[*cashu.Error](err); !ok {
				t.Fatalf("%v is no refusal that a wallet may see", err)
			}
		}
		if len(w.Signatures) > conditions.MaxSignatures {
			t.Fatalf("%d signatures", len(w.Signatures))
		}
		p2pkCoin, htlcCoin := p2pkCoin, htlcCoin
		p2pkCoin.Witness, htlcCoin.Witness = text, text
		if err := spend(swap(p2pkCoin), now); err == nil {
			t.Fatalf("%q opens a lock whose keys nobody has", text)
		}
		if err := spend(swap(htlcCoin), now); err == nil && !strings.EqualFold(w.Preimage, preimageX) {
			t.Fatalf("%q opens a hash without its preimage", text)
		}
		if err := conditions.SignInput(&p2pkCoin, key(t, 1), nil); err == nil {
			if err := spend(swap(p2pkCoin), now); err != nil && len(w.Signatures) < conditions.MaxSignatures {
				t.Fatalf("%q spoils a signature: %v", text, err)
			}
		}
	})
}
