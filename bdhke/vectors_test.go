package bdhke_test

import (
	"encoding/hex"
	"testing"

	"mintmark/bdhke"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatalf("bad hex in the test: %v", err)
	}
	return b
}

func point(t testing.TB, s string) bdhke.Point {
	t.Helper()
	p, err := bdhke.ParsePointHex(s)
	if err != nil {
		t.Fatalf("ParsePointHex(%s): %v", s, err)
	}
	return p
}

func scalar(t testing.TB, s string) bdhke.Scalar {
	t.Helper()
	k, err := bdhke.NewScalar(unhex(t, s))
	if err != nil {
		t.Fatalf("NewScalar: %v", err)
	}
	return k
}

func TestHashToCurveMeetsTheVectorsOfNUT00(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ msg, want string }{
		{"0000000000000000000000000000000000000000000000000000000000000000", "024cce997d3b518f739663b757deaec95bcd9473c30a14ac2fd04023a739d1a725"},
		{"0000000000000000000000000000000000000000000000000000000000000001", "022e7158e11c9506f1aa4248bf531298daa7febd6194f003edcd9b93ade6253acf"},
		{"0000000000000000000000000000000000000000000000000000000000000002", "026cdbe15362df59cd1dd3c9c11de8aedac2106eca69236ecd9fbe117af897be4f"},
	} {
		got, err := bdhke.HashToCurve(unhex(t, tt.msg))
		if err != nil || got.String() != tt.want {
			t.Errorf("HashToCurve(%s) = %s, %v; want %s", tt.msg, got, err, tt.want)
		}
	}
}

func TestBlindMeetsTheVectorsOfNUT00(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ x, r, want string }{
		{"d341ee4871f1f889041e63cf0d3823c713eea6aff01e80f1719f08f9e5be98f6", "99fce58439fc37412ab3468b73db0569322588f62fb3a49182d67e23d877824a", "033b1a9737a40cc3fd9b6af4b723632b76a67a36782596304612a6c2bfb5197e6d"},
		{"f1aaf16c2239746f369572c0784d9dd3d032d952c2d992175873fb58fae31a60", "f78476ea7cc9ade20f9e05e58a804cf19533f03ea805ece5fee88c8e2874ba50", "029bdf2d716ee366eddf599ba252786c1033f47e230248a4612a5670ab931f1763"},
	} {
		got, err := bdhke.Blind(unhex(t, tt.x), scalar(t, tt.r))
		if err != nil || got.String() != tt.want {
			t.Errorf("Blind(%s) = %s, %v; want %s", tt.x, got, err, tt.want)
		}
	}
}

func TestDLEQChallengeMeetsTheVectorOfNUT12(t *testing.T) {
	t.Parallel()
	p := point(t, "020000000000000000000000000000000000000000000000000000000000000001")
	c := point(t, "02a9acc1e48c25eeeb9289b5031cc57da9fe72f3fe2861d264bdc074209b107ba2")
	e := bdhke.DLEQChallenge(p, p, p, c)
	if got, want := hex.EncodeToString(e[:]), "a4dc034b74338c28c6bc3ea49731f2a24440fc7c4affc08b31a93fc9fbe6401e"; got != want {
		t.Errorf("challenge %s, want %s", got, want)
	}
}

const generator = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"

func TestVerifyDLEQMeetsTheVectorOfNUT12(t *testing.T) {
	t.Parallel()
	b := point(t, "02a9acc1e48c25eeeb9289b5031cc57da9fe72f3fe2861d264bdc074209b107ba2")
	d := bdhke.DLEQ{
		E: [32]byte(unhex(t, "9818e061ee51d5c8edc3342369a554998ff7b4381c8652d724cdf46429be73d9")),
		S: [32]byte(unhex(t, "9818e061ee51d5c8edc3342369a554998ff7b4381c8652d724cdf46429be73da")),
	}
	if !bdhke.VerifyDLEQ(point(t, generator), b, b, d) {
		t.Error("the published proof does not verify")
	}
}

func TestVerifyProofDLEQMeetsTheVectorOfNUT12(t *testing.T) {
	t.Parallel()
	secret := []byte("daf4dd00a2b68a0858a80450f52c8a7d2ccf87d375e43e216e0c571f089f63e9")
	c := point(t, "024369d2d22a80ecf78f3937da9d5f30c1b9f74f0c32684d583cca0fa6a61cdcfc")
	d := bdhke.DLEQ{
		E: [32]byte(unhex(t, "b31e58ac6527f34975ffab13e70a48b6d2b0d35abc4b03f0151f09ee1a9763d4")),
		S: [32]byte(unhex(t, "8fbae004c59e754d71df67e392b6ae4e29293113ddc2ec86592a0431d16306d8")),
	}
	r := scalar(t, "a6d13fcd7a18442e6076f5e1e7c887ad5de40a019824bdfa9fe740d302e8d861")
	if !bdhke.VerifyProofDLEQ(point(t, generator), secret, c, d, r) {
		t.Error("the published proof does not verify")
	}
}
