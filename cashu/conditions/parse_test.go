package conditions_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/cashu/conditions"
)

// Texts that conditions of the tests are made of. keyA2 is keyA with the other y.
const (
	keyA   = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
	keyA2  = "0379be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
	keyB   = "02142715675faf8da1ecc4d51e0b9e539fa0d52fdd96ed60dbe99adb15d6b05ad9"
	noKey  = "020000000000000000000000000000000000000000000000000000000000000005" // no point has this x
	longA  = "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
	hybrid = "0679be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
	hashA  = "ec4916dd28fc4c10d78e287ca5d9cc51ee1ae73cbfde08c6b37324cbfaac8bc5"
)

func p2pk(tags string) string {
	return `["P2PK",{"nonce":"n","data":"` + keyA + `","tags":[` + tags + `]}]`
}

func htlc(tags string) string {
	return `["HTLC",{"nonce":"n","data":"` + hashA + `","tags":[` + tags + `]}]`
}

func TestMalformedConditionsAreNeverSpendable(t *testing.T) {
	t.Parallel()
	for name, secret := range map[string]string{
		"an unknown kind":                       `["COVENANT",{"nonce":"n","data":"` + keyA + `"}]`,
		"a kind in lower case":                  `["p2pk",{"nonce":"n","data":"` + keyA + `"}]`,
		"an empty kind":                         `["",{"nonce":"n","data":"` + keyA + `"}]`,
		"half a condition":                      `["P2PK",{"nonce":"n"`,
		"a condition and more":                  p2pk("") + "x",
		"a name twice":                          `["P2PK",{"nonce":"n","data":"` + keyB + `","data":"` + keyA + `"}]`,
		"a name twice, once escaped":            `["P2PK",{"nonce":"n","data":"` + keyB + `","d\u0061ta":"` + keyA + `"}]`,
		"a further name":                        `["P2PK",{"nonce":"n","data":"` + keyA + `","until":"1"}]`,
		"a name in another case":                `["P2PK",{"nonce":"n","Data":"` + keyA + `"}]`,
		"no nonce":                              `["P2PK",{"data":"` + keyA + `"}]`,
		"no data":                               `["P2PK",{"nonce":"n"}]`,
		"null as data":                          `["P2PK",{"nonce":"n","data":null}]`,
		"a number as nonce":                     `["P2PK",{"nonce":1,"data":"` + keyA + `"}]`,
		"tags as an object":                     `["P2PK",{"nonce":"n","data":"` + keyA + `","tags":{}}]`,
		"invalid UTF-8":                         "[\"P2PK\",{\"nonce\":\"\xff\",\"data\":\"" + keyA + "\"}]",
		"half a surrogate pair":                 `["P2PK",{"nonce":"\ud800","data":"` + keyA + `"}]`,
		"a tag that is no list":                 p2pk(`"sigflag"`),
		"an empty tag":                          p2pk(`[]`),
		"an empty unknown tag":                  p2pk(`["x",""]`),
		"a number in a tag":                     p2pk(`["n_sigs",1]`),
		"null in a tag":                         p2pk(`["x",null]`),
		"a tag without a name":                  p2pk(`["","SIG_ALL"]`),
		"pubkeys without keys":                  p2pk(`["pubkeys"]`),
		"refund without keys":                   p2pk(`["locktime","1"],["refund"]`),
		"sigflag without value":                 p2pk(`["sigflag"]`),
		"an unknown sigflag":                    p2pk(`["sigflag","SIG_NONE"]`),
		"a sigflag in lower case":               p2pk(`["sigflag","sig_all"]`),
		"two values of sigflag":                 p2pk(`["sigflag","SIG_INPUTS","SIG_ALL"]`),
		"sigflag twice":                         p2pk(`["sigflag","SIG_INPUTS"],["sigflag","SIG_ALL"]`),
		"sigflag twice, the same":               p2pk(`["sigflag","SIG_ALL"],["sigflag","SIG_ALL"]`),
		"pubkeys twice":                         p2pk(`["pubkeys","` + keyB + `"],["pubkeys","` + keyB + `"]`),
		"locktime twice":                        p2pk(`["locktime","1"],["locktime","99999999999"]`),
		"refund twice":                          p2pk(`["refund","` + keyA + `"],["refund","` + keyB + `"]`),
		"n_sigs twice":                          p2pk(`["n_sigs","1"],["n_sigs","1"]`),
		"n_sigs_refund twice":                   p2pk(`["refund","` + keyA + `"],["n_sigs_refund","1"],["n_sigs_refund","1"]`),
		"n_sigs of zero":                        p2pk(`["n_sigs","0"]`),
		"n_sigs below zero":                     p2pk(`["n_sigs","-1"]`),
		"n_sigs with a plus":                    p2pk(`["n_sigs","+1"]`),
		"n_sigs with a space":                   p2pk(`["n_sigs"," 1"]`),
		"n_sigs with an underscore":             p2pk(`["pubkeys","` + keyB + `"],["n_sigs","0_1"]`),
		"n_sigs in hex":                         p2pk(`["n_sigs","0x1"]`),
		"n_sigs with a fraction":                p2pk(`["n_sigs","1.0"]`),
		"n_sigs in other digits":                p2pk(`["n_sigs","١"]`),
		"n_sigs that wraps around":              p2pk(`["n_sigs","18446744073709551617"]`),
		"n_sigs that wraps around at 32 bits":   p2pk(`["n_sigs","4294967297"]`),
		"two values of n_sigs":                  p2pk(`["n_sigs","1","1"]`),
		"more n_sigs than keys":                 p2pk(`["pubkeys","` + keyB + `"],["n_sigs","3"]`),
		"n_sigs that count refund keys too":     p2pk(`["refund","` + keyB + `"],["n_sigs","2"]`),
		"more n_sigs_refund than keys":          p2pk(`["refund","` + keyB + `"],["n_sigs_refund","2"]`),
		"n_sigs_refund without refund":          p2pk(`["n_sigs_refund","1"]`),
		"data that is no point":                 `["P2PK",{"nonce":"n","data":"` + noKey + `"}]`,
		"data that is empty":                    `["P2PK",{"nonce":"n","data":""}]`,
		"data without prefix":                   `["P2PK",{"nonce":"n","data":"` + keyA[2:] + `"}]`,
		"data of 65 bytes":                      `["P2PK",{"nonce":"n","data":"` + longA + `"}]`,
		"data in hybrid form":                   `["P2PK",{"nonce":"n","data":"` + hybrid + `"}]`,
		"data with a space":                     `["P2PK",{"nonce":"n","data":"` + keyA + ` "}]`,
		"a pubkey that is no point":             p2pk(`["pubkeys","` + noKey + `"]`),
		"a pubkey of 65 bytes":                  p2pk(`["pubkeys","` + longA + `"]`),
		"a refund key that is no point":         p2pk(`["locktime","1"],["refund","` + noKey + `"]`),
		"data again among the pubkeys":          p2pk(`["pubkeys","` + keyA + `"]`),
		"data again in upper case":              p2pk(`["pubkeys","` + strings.ToUpper(keyA) + `"]`),
		"data again with the other y (02/03)":   p2pk(`["pubkeys","` + keyA2 + `"]`),
		"twins among the pubkeys (02/03)":       htlc(`["pubkeys","` + keyA + `","` + keyA2 + `"]`),
		"twins among the refund keys (02/03)":   p2pk(`["refund","` + keyB + `","` + keyA + `","` + keyA2 + `"]`),
		"an HTLC with a short hash":             `["HTLC",{"nonce":"n","data":"` + hashA[2:] + `"}]`,
		"an HTLC with a key as hash":            `["HTLC",{"nonce":"n","data":"` + keyA + `"}]`,
		"an HTLC with no hex as hash":           `["HTLC",{"nonce":"n","data":"` + hashA[:63] + `g"}]`,
		"an HTLC with n_sigs and no pubkeys":    htlc(`["n_sigs","1"]`),
		"an HTLC with n_sigs counting its hash": htlc(`["pubkeys","` + keyA + `"],["n_sigs","2"]`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := conditions.Parse(secret)
			if !errors.Is(err, cashu.ErrProofInvalid) {
				t.Errorf("Parse says %v, want code 10001", err)
			}
			if err != nil && (strings.Contains(err.Error(), keyA) || strings.Contains(err.Error(), hashA)) {
				t.Errorf("the refusal repeats the secret: %v", err)
			}
			// Not even long after every locktime.
			if err := spend(swap(coin(t, secret)), time.Unix(1<<60, 0)); !errors.Is(err, cashu.ErrProofInvalid) {
				t.Errorf("spending says %v, want code 10001", err)
			}
		})
	}
}

func TestPlainSecretsHaveNoCondition(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"", "P2PK", "123", `"P2PK"`, "{}", "[]", "[1,2]", `["P2PK"]`, `[["P2PK",{}]]`, keyA, "[x"} {
		if c, err := conditions.Parse(secret); c != nil || err != nil {
			t.Errorf("%q: %v, %v", secret, c, err)
		}
		if err := spend(swap(coin(t, secret)), now); err != nil {
			t.Errorf("%q cannot be spent: %v", secret, err)
		}
	}
}

func TestHowASecretIsWrittenDoesNotMatter(t *testing.T) {
	t.Parallel()
	for name, secret := range map[string]string{
		"compact":                      p2pk(""),
		"with spaces, data first":      "\n[ \"P2PK\" , {\"data\": \"" + keyA + "\", \"nonce\": \"n\", \"tags\": []} ]",
		"without tags":                 `["P2PK",{"nonce":"n","data":"` + keyA + `"}]`,
		"with null for tags":           `["P2PK",{"nonce":"n","data":"` + keyA + `","tags":null}]`,
		"with an escaped kind":         `["P2\u0050K",{"nonce":"n","data":"` + keyA + `"}]`,
		"with a key in upper case":     `["P2PK",{"nonce":"n","data":"` + strings.ToUpper(keyA) + `"}]`,
		"with unknown tags":            p2pk(`["x"],["x","1","2"],["SIGFLAG","SIG_ALL"]`),
		"with the default sigflag":     p2pk(`["sigflag","SIG_INPUTS"]`),
		"with leading zeros in n_sigs": p2pk(`["n_sigs","001"]`),
		"with an empty nonce":          `["P2PK",{"nonce":"","data":"` + keyA + `"}]`,
	} {
		c, err := conditions.Parse(secret)
		if err != nil || c == nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c.Kind() != conditions.KindP2PK || c.SigAll() || c.Needed() != 1 || len(c.Keys()) != 1 || c.Keys()[0] != point(t, keyA) || len(c.RefundKeys()) != 0 {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestTheSameKeyMayBeInBothPathways(t *testing.T) {
	t.Parallel()
	c, err := conditions.Parse(p2pk(`["pubkeys","` + keyB + `"],["refund","` + keyB + `","` + keyA2 + `"],["n_sigs_refund","2"],["locktime","7"]`))
	if err != nil {
		t.Fatal(err)
	}
	if at, ok := c.Locktime(); !ok || at != 7 || len(c.RefundKeys()) != 2 || c.RefundNeeded() != 2 || len(c.Keys()) != 2 {
		t.Errorf("read as %+v", c)
	}
}

func TestALocktimeThatIsNoTimeLocksForEver(t *testing.T) {
	t.Parallel()
	late := time.Unix(1<<62, 0)
	for _, tag := range []string{`"x"`, `"-1"`, `"1.5"`, `"+1"`, `" 1"`, `"0x1"`, `"1","2"`, `"18446744073709551616"`, `"18446744073709551615"`, `"1e3"`} {
		p := coin(t, p2pk(`["locktime",`+tag+`],["refund","`+keyB+`"]`))
		c, err := conditions.Parse(p.Secret)
		if err != nil {
			t.Errorf("%s: %v", tag, err)
			continue
		}
		if _, ok := c.Locktime(); ok || c.Expired(late) {
			t.Errorf("%s: read as a time", tag)
		}
		open := coin(t, p2pk(`["locktime",`+tag+`]`))
		if err := spend(swap(open), late); !errors.Is(err, cashu.ErrProofInvalid) {
			t.Errorf("%s: opens to anyone: %v", tag, err)
		}
	}
}

func TestALockExpiresAfterItsSecond(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		lock    string
		now     time.Time
		expired bool
	}{
		{"1000", time.Unix(999, 0), false},
		{"1000", time.Unix(1000, 0), false},
		{"1000", time.Unix(1000, 999_999_999), false},
		{"1000", time.Unix(1001, 0), true},
		{"0", time.Unix(0, 0), false},
		{"0", time.Unix(1, 0), true},
		{"0001", time.Unix(2, 0), true},
		{"0", time.Unix(-5, 0), false},
		{"9223372036854775808", time.Unix(1<<62, 0), false},
	} {
		err := spend(swap(coin(t, p2pk(`["locktime","`+tc.lock+`"]`))), tc.now)
		if (err == nil) != tc.expired {
			t.Errorf("locktime %s at %d.%d: %v, want expired %v", tc.lock, tc.now.Unix(), tc.now.Nanosecond(), err, tc.expired)
		}
	}
}

func TestNumbersOfTagsAndKeysAreBounded(t *testing.T) {
	t.Parallel()
	list := func(n int, format string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = fmt.Sprintf(format, key(t, i).Public())
		}
		return strings.Join(parts, ",")
	}
	for name, make := range map[string]func(more int) string{
		"tags":        func(more int) string { return p2pk(list(conditions.MaxTags+more, `["x","%v"]`)) },
		"pubkeys":     func(more int) string { return p2pk(`["pubkeys",` + list(conditions.MaxKeys-1+more, `"%v"`) + `]`) },
		"refund keys": func(more int) string { return p2pk(`["refund",` + list(conditions.MaxKeys+more, `"%v"`) + `]`) },
	} {
		if _, err := conditions.Parse(make(0)); err != nil {
			t.Errorf("%s at the bound: %v", name, err)
		}
		if _, err := conditions.Parse(make(1)); !errors.Is(err, cashu.ErrTooLarge) {
			t.Errorf("%s beyond the bound: %v, want code 40004", name, err)
		}
	}
}

func TestTellingAPlainSecretAllocatesNothing(t *testing.T) {
	secret := strings.Repeat("0a", 32)
	if n := testing.AllocsPerRun(100, func() { conditions.Kind(secret) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	inputs := make([]cashu.Proof, 1000)
	for i := range inputs {
		inputs[i] = coin(t, secret)
	}
	n := testing.AllocsPerRun(10, func() {
		s, err := conditions.Check(swap(inputs...), now)
		if err != nil || s.Verify() != nil {
			t.Error("refused")
		}
	})
	if n > 4 {
		t.Errorf("%v allocations for a thousand plain inputs", n)
	}
}
