package token

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// The tokens of NUT-00's vectors.
const (
	vectorV3       = "cashuAeyJ0b2tlbiI6W3sibWludCI6Imh0dHBzOi8vODMzMy5zcGFjZTozMzM4IiwicHJvb2ZzIjpbeyJhbW91bnQiOjIsImlkIjoiMDA5YTFmMjkzMjUzZTQxZSIsInNlY3JldCI6IjQwNzkxNWJjMjEyYmU2MWE3N2UzZTZkMmFlYjRjNzI3OTgwYmRhNTFjZDA2YTZhZmMyOWUyODYxNzY4YTc4MzciLCJDIjoiMDJiYzkwOTc5OTdkODFhZmIyY2M3MzQ2YjVlNDM0NWE5MzQ2YmQyYTUwNmViNzk1ODU5OGE3MmYwY2Y4NTE2M2VhIn0seyJhbW91bnQiOjgsImlkIjoiMDA5YTFmMjkzMjUzZTQxZSIsInNlY3JldCI6ImZlMTUxMDkzMTRlNjFkNzc1NmIwZjhlZTBmMjNhNjI0YWNhYTNmNGUwNDJmNjE0MzNjNzI4YzcwNTdiOTMxYmUiLCJDIjoiMDI5ZThlNTA1MGI4OTBhN2Q2YzA5NjhkYjE2YmMxZDVkNWZhMDQwZWExZGUyODRmNmVjNjlkNjEyOTlmNjcxMDU5In1dfV0sInVuaXQiOiJzYXQiLCJtZW1vIjoiVGhhbmsgeW91LiJ9"
	vectorV3Padded = "cashuAeyJ0b2tlbiI6W3sibWludCI6Imh0dHBzOi8vODMzMy5zcGFjZTozMzM4IiwicHJvb2ZzIjpbeyJhbW91bnQiOjIsImlkIjoiMDA5YTFmMjkzMjUzZTQxZSIsInNlY3JldCI6IjQwNzkxNWJjMjEyYmU2MWE3N2UzZTZkMmFlYjRjNzI3OTgwYmRhNTFjZDA2YTZhZmMyOWUyODYxNzY4YTc4MzciLCJDIjoiMDJiYzkwOTc5OTdkODFhZmIyY2M3MzQ2YjVlNDM0NWE5MzQ2YmQyYTUwNmViNzk1ODU5OGE3MmYwY2Y4NTE2M2VhIn0seyJhbW91bnQiOjgsImlkIjoiMDA5YTFmMjkzMjUzZTQxZSIsInNlY3JldCI6ImZlMTUxMDkzMTRlNjFkNzc1NmIwZjhlZTBmMjNhNjI0YWNhYTNmNGUwNDJmNjE0MzNjNzI4YzcwNTdiOTMxYmUiLCJDIjoiMDI5ZThlNTA1MGI4OTBhN2Q2YzA5NjhkYjE2YmMxZDVkNWZhMDQwZWExZGUyODRmNmVjNjlkNjEyOTlmNjcxMDU5In1dfV0sInVuaXQiOiJzYXQiLCJtZW1vIjoiVGhhbmsgeW91IHZlcnkgbXVjaC4ifQ=="
	vectorV3Bare   = "cashuAeyJ0b2tlbiI6W3sibWludCI6Imh0dHBzOi8vODMzMy5zcGFjZTozMzM4IiwicHJvb2ZzIjpbeyJhbW91bnQiOjIsImlkIjoiMDA5YTFmMjkzMjUzZTQxZSIsInNlY3JldCI6IjQwNzkxNWJjMjEyYmU2MWE3N2UzZTZkMmFlYjRjNzI3OTgwYmRhNTFjZDA2YTZhZmMyOWUyODYxNzY4YTc4MzciLCJDIjoiMDJiYzkwOTc5OTdkODFhZmIyY2M3MzQ2YjVlNDM0NWE5MzQ2YmQyYTUwNmViNzk1ODU5OGE3MmYwY2Y4NTE2M2VhIn0seyJhbW91bnQiOjgsImlkIjoiMDA5YTFmMjkzMjUzZTQxZSIsInNlY3JldCI6ImZlMTUxMDkzMTRlNjFkNzc1NmIwZjhlZTBmMjNhNjI0YWNhYTNmNGUwNDJmNjE0MzNjNzI4YzcwNTdiOTMxYmUiLCJDIjoiMDI5ZThlNTA1MGI4OTBhN2Q2YzA5NjhkYjE2YmMxZDVkNWZhMDQwZWExZGUyODRmNmVjNjlkNjEyOTlmNjcxMDU5In1dfV0sInVuaXQiOiJzYXQiLCJtZW1vIjoiVGhhbmsgeW91IHZlcnkgbXVjaC4ifQ"
	vectorV4       = "cashuBpGF0gaJhaUgArSaMTR9YJmFwgaNhYQFhc3hAOWE2ZGJiODQ3YmQyMzJiYTc2ZGIwZGYxOTcyMTZiMjlkM2I4Y2MxNDU1M2NkMjc4MjdmYzFjYzk0MmZlZGI0ZWFjWCEDhhhUP_trhpXfStS6vN6So0qWvc2X3O4NfM-Y1HISZ5JhZGlUaGFuayB5b3VhbXVodHRwOi8vbG9jYWxob3N0OjMzMzhhdWNzYXQ="
	vectorV4Two    = "cashuBo2F0gqJhaUgA_9SLj17PgGFwgaNhYQFhc3hAYWNjMTI0MzVlN2I4NDg0YzNjZjE4NTAxNDkyMThhZjkwZjcxNmE1MmJmNGE1ZWQzNDdlNDhlY2MxM2Y3NzM4OGFjWCECRFODGd5IXVW-07KaZCvuWHk3WrnnpiDhHki6SCQh88-iYWlIAK0mjE0fWCZhcIKjYWECYXN4QDEzMjNkM2Q0NzA3YTU4YWQyZTIzYWRhNGU5ZjFmNDlmNWE1YjRhYzdiNzA4ZWIwZDYxZjczOGY0ODMwN2U4ZWVhY1ghAjRWqhENhLSsdHrr2Cw7AFrKUL9Ffr1XN6RBT6w659lNo2FhAWFzeEA1NmJjYmNiYjdjYzY0MDZiM2ZhNWQ1N2QyMTc0ZjRlZmY4YjQ0MDJiMTc2OTI2ZDNhNTdkM2MzZGNiYjU5ZDU3YWNYIQJzEpxXGeWZN5qXSmJjY8MzxWyvwObQGr5G1YCCgHicY2FtdWh0dHA6Ly9sb2NhbGhvc3Q6MzMzOGF1Y3NhdA"
	vectorRaw      = "6372617742a4617481a261694800ad268c4d1f5826617081a3616101617378403961366462623834376264323332626137366462306466313937323136623239643362386363313435353363643237383237666331636339343266656462346561635821038618543ffb6b8695df4ad4babcde92a34a96bdcd97dcee0d7ccf98d4721267926164695468616e6b20796f75616d75687474703a2f2f6c6f63616c686f73743a33333338617563736174"
)

// coinOf is a coin as a vector shows it.
func coinOf(t testing.TB, amount cashu.Amount, id, secret, c string) Coin {
	t.Helper()
	k, err := cashu.ParseKeysetID(id)
	if err != nil {
		t.Fatal(err)
	}
	p, err := bdhke.ParsePointHex(c)
	if err != nil {
		t.Fatal(err)
	}
	return Coin{Proof: cashu.Proof{Amount: amount, ID: k, Secret: secret, C: p}}
}

func coinsV3(t testing.TB) []Coin {
	return []Coin{
		coinOf(t, 2, "009a1f293253e41e", "407915bc212be61a77e3e6d2aeb4c727980bda51cd06a6afc29e2861768a7837", "02bc9097997d81afb2cc7346b5e4345a9346bd2a506eb7958598a72f0cf85163ea"),
		coinOf(t, 8, "009a1f293253e41e", "fe15109314e61d7756b0f8ee0f23a624acaa3f4e042f61433c728c7057b931be", "029e8e5050b890a7d6c0968db16bc1d5d5fa040ea1de284f6ec69d61299f671059"),
	}
}

func coinsV4(t testing.TB) []Coin {
	return []Coin{coinOf(t, 1, "00ad268c4d1f5826", "9a6dbb847bd232ba76db0df197216b29d3b8cc14553cd27827fc1cc942fedb4e", "038618543ffb6b8695df4ad4babcde92a34a96bdcd97dcee0d7ccf98d472126792")}
}

func coinsV4Two(t testing.TB) []Coin {
	return []Coin{
		coinOf(t, 1, "00ffd48b8f5ecf80", "acc12435e7b8484c3cf1850149218af90f716a52bf4a5ed347e48ecc13f77388", "0244538319de485d55bed3b29a642bee5879375ab9e7a620e11e48ba482421f3cf"),
		coinOf(t, 2, "00ad268c4d1f5826", "1323d3d4707a58ad2e23ada4e9f1f49f5a5b4ac7b708eb0d61f738f48307e8ee", "023456aa110d84b4ac747aebd82c3b005aca50bf457ebd5737a4414fac3ae7d94d"),
		coinOf(t, 1, "00ad268c4d1f5826", "56bcbcbb7cc6406b3fa5d57d2174f4eff8b4402b176926d3a57d3c3dcbb59d57", "0273129c5719e599379a974a626363c333c56cafc0e6d01abe46d5808280789c63"),
	}
}

func known(coins []Coin) []cashu.KeysetID {
	var ids []cashu.KeysetID
	for _, c := range coins {
		ids = append(ids, c.ID)
	}
	return ids
}

var sameCoins = cmp.Options{
	cmp.Comparer(func(a, b bdhke.Point) bool { return a == b }),
	cmp.Comparer(func(a, b cashu.KeysetID) bool { return a == b }),
	cmp.Comparer(bdhke.Scalar.Equal),
}

func TestPublishedTokensAreRead(t *testing.T) {
	for name, c := range map[string]struct {
		text, mint, memo string
		coins            []Coin
	}{
		"v3":             {vectorV3, "https://8333.space:3338", "Thank you.", coinsV3(t)},
		"v3 padded":      {vectorV3Padded, "https://8333.space:3338", "Thank you very much.", coinsV3(t)},
		"v3 not padded":  {vectorV3Bare, "https://8333.space:3338", "Thank you very much.", coinsV3(t)},
		"v4":             {vectorV4, "http://localhost:3338", "Thank you", coinsV4(t)},
		"v4 two keysets": {vectorV4Two, "http://localhost:3338", "", coinsV4Two(t)},
		"as a link":      {"cashu:" + vectorV4, "http://localhost:3338", "Thank you", coinsV4(t)},
		"as a web link":  {" CASHU://" + vectorV4 + "\n", "http://localhost:3338", "Thank you", coinsV4(t)},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse(c.text)
			if err != nil {
				t.Fatal(err)
			}
			if got.Mint != c.mint || got.Unit != "sat" || got.Memo != c.memo {
				t.Errorf("got %q, %q, %q", got.Mint, got.Unit, got.Memo)
			}
			coins, err := got.Coins(known(c.coins))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.coins, coins, sameCoins); diff != "" {
				t.Error(diff)
			}
		})
	}
	raw, err := hex.DecodeString(vectorRaw)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseRaw(raw)
	if err != nil {
		t.Fatal(err)
	}
	if coins, err := got.Coins(known(coinsV4(t))); err != nil || !cmp.Equal(coins, coinsV4(t), sameCoins) {
		t.Errorf("the raw token has other coins: %v", err)
	}
}

func TestPublishedTokensAreWritten(t *testing.T) {
	v3, err := New("https://8333.space:3338/", "sat", "Thank you.", coinsV3(t))
	if err != nil {
		t.Fatal(err)
	}
	v4, err := New("http://localhost:3338", "sat", "Thank you", coinsV4(t))
	if err != nil {
		t.Fatal(err)
	}
	two, err := New("http://localhost:3338", "sat", "", coinsV4Two(t))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := v3.EncodeV3(); err != nil || got != strings.TrimRight(vectorV3, "=") {
		t.Errorf("v3: %v\n%s", err, got)
	}
	if got, err := v4.Encode(); err != nil || got != strings.TrimRight(vectorV4, "=") {
		t.Errorf("v4: %v\n%s", err, got)
	}
	if got, err := two.Encode(); err != nil || got != strings.TrimRight(vectorV4Two, "=") {
		t.Errorf("v4 of two keysets: %v\n%s", err, got)
	}
	if got, err := v4.EncodeRaw(); err != nil || hex.EncodeToString(got) != vectorRaw {
		t.Errorf("raw: %v\n%x", err, got)
	}
}

// longCoin has everything that a coin can have.
func longCoin(t testing.TB, id cashu.KeysetID, secret string) Coin {
	t.Helper()
	c := coinsV4(t)[0]
	c.ID, c.Amount, c.Secret, c.Witness, c.E = id, 1<<63, secret, `{"preimage":"00"}`, c.C
	r, err := bdhke.NewScalar([]byte(strings.Repeat("r", 32)))
	if err != nil {
		t.Fatal(err)
	}
	c.DLEQ = &DLEQ{DLEQ: bdhke.DLEQ{E: [32]byte{1}, S: [32]byte{2}}, R: r}
	return c
}

func longID(t testing.TB, last byte) cashu.KeysetID {
	t.Helper()
	b := make([]byte, 33)
	b[0], b[32] = 1, last
	id, err := cashu.KeysetIDFromBytes(b)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestEverythingOfACoinArrives(t *testing.T) {
	id := longID(t, 1)
	want := []Coin{longCoin(t, id, "a <\"&> \U0001f95c"), longCoin(t, id, "b")}
	want[0].Amount = 1
	token, err := New("https://mint.example/x//", "usd", "memo", want)
	if err != nil {
		t.Fatal(err)
	}
	v4, err := token.Encode()
	if err != nil {
		t.Fatal(err)
	}
	v3, err := token.EncodeV3()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{v4, v3} {
		back, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if back.Mint != "https://mint.example/x" || back.Unit != "usd" {
			t.Errorf("got %q, %q", back.Mint, back.Unit)
		}
		coins, err := back.Coins([]cashu.KeysetID{id})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, coins, sameCoins); diff != "" {
			t.Error(diff)
		}
		if sum, err := back.Amount(); err != nil || sum != 1+1<<63 || back.Len() != 2 {
			t.Errorf("got %v, %v", sum, err)
		}
	}
}

// NUT-02: a receiver must not guess which keyset a short id means.
func TestAShortIDThatFitsTwoKeysetsIsRefused(t *testing.T) {
	a, b := longID(t, 1), longID(t, 2)
	token, err := New("https://mint.example", "sat", "", []Coin{longCoin(t, a, "a")})
	if err != nil {
		t.Fatal(err)
	}
	text, err := token.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := back.Coins([]cashu.KeysetID{a, b}); !errors.Is(err, cashu.ErrKeysetUnknown) {
		t.Errorf("two fit: %v", err)
	}
	if _, err := back.Coins(nil); !errors.Is(err, cashu.ErrKeysetUnknown) {
		t.Errorf("none fits: %v", err)
	}
	if coins, err := back.Coins([]cashu.KeysetID{a, a}); err != nil || coins[0].ID != a {
		t.Errorf("the same twice: %v", err)
	}
	if coins := back.Unchecked([]cashu.KeysetID{a, b}); !coins[0].ID.IsZero() {
		t.Error("a guess was made")
	}
}

func TestWhatIsNoTokenIsRefused(t *testing.T) {
	overflow, _ := New("https://m", "sat", "", []Coin{longCoin(t, longID(t, 1), "a")})
	overflow.groups[0].coins = append(overflow.groups[0].coins, longCoin(t, longID(t, 1), "b"))
	for name, text := range map[string]string{
		"nothing": "", "wrong prefix": "casshuA" + vectorV3[6:], "no prefix": vectorV3[6:], "other version": "cashuC" + vectorV4[6:],
		"cut off": vectorV4[:len(vectorV4)-9], "no base64": "cashuB!", "empty": "cashuB", "empty v3": "cashuA",
		"v3 as v4": "cashuB" + vectorV3[6:], "v4 as v3": "cashuA" + vectorV4[6:],
		"v3 without coins": "cashuAeyJ0b2tlbiI6W119",
	} {
		if token, err := Parse(text); err == nil {
			t.Errorf("%s: read as %v", name, token)
		} else if strings.Contains(err.Error(), "9a6dbb") {
			t.Errorf("%s: the error shows a secret", name)
		}
	}
	if _, err := overflow.Encode(); err == nil {
		t.Error("a token over more than 64 bits was written")
	}
	for name, coins := range map[string][]Coin{
		"no coins": nil, "a coin twice": {coinsV4(t)[0], coinsV4(t)[0]}, "a coin of nothing": {{Proof: cashu.Proof{ID: longID(t, 1), Secret: "x", C: coinsV4(t)[0].C}}},
	} {
		if _, err := New("https://m", "sat", "", coins); err == nil {
			t.Errorf("%s: a token was made", name)
		}
	}
	if _, err := New("", "sat", "", coinsV4(t)); err == nil {
		t.Error("a token without a mint was made")
	}
}

func TestATokenDoesNotPrintItsSecrets(t *testing.T) {
	token, err := Parse(vectorV4)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if s := fmt.Sprintf(verb, token); strings.Contains(s, "9a6dbb") || strings.Contains(s, "39613664") {
			t.Errorf("%s prints %s", verb, s)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{vectorV3, vectorV3Padded, vectorV4, vectorV4Two, "cashu:" + vectorV4, "cashuB", "cashuA"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ParseAll(text)
		if err != nil {
			return
		}
		for _, token := range list {
			again, err := token.Encode()
			if err != nil {
				t.Fatalf("a token that was read cannot be written: %v", err)
			}
			back, err := Parse(again)
			if err != nil {
				t.Fatalf("a token that was written cannot be read: %v", err)
			}
			if back.Len() != token.Len() || back.Mint != token.Mint || back.Unit != token.Unit {
				t.Fatal("a token came back changed")
			}
		}
	})
}
