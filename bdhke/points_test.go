package bdhke_test

import (
	"errors"
	"fmt"
	"testing"

	"mintmark/bdhke"
)

func TestManyPointsAreParsedLikeOne(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 63, 64, 65, 127, 128, 1000} {
		list := make([]string, n)
		for i := range list {
			p, err := bdhke.HashToCurve(fmt.Append(nil, i))
			if err != nil {
				t.Fatal(err)
			}
			list[i] = p.String()
		}
		points, err := bdhke.ParsePointsHex(list)
		if err != nil || len(points) != n {
			t.Fatalf("%d points: %d, %v", n, len(points), err)
		}
		for i, p := range points {
			if p.String() != list[i] {
				t.Errorf("point %d of %d is another", i, n)
			}
		}
		for _, bad := range []int{0, n / 2, n - 1} {
			if n == 0 {
				break
			}
			good := list[bad]
			list[bad] = "02" + good[2:64] + "zz"
			if _, err := bdhke.ParsePointsHex(list); !errors.Is(err, bdhke.ErrInvalidPoint) {
				t.Errorf("bad point %d of %d: %v", bad, n, err)
			}
			list[bad] = good
		}
	}
}
