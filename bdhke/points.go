package bdhke

import (
	"runtime"
	"sync"
)

// parseShare is how many points are worth a goroutine of their own: parsing one
// takes some 4 µs, starting one about 1.
const parseShare = 64

// ParsePointsHex reads many points, like ParsePointHex, on all cores when there
// are many. The first that is no point is the error.
func ParsePointsHex(list []string) ([]Point, error) {
	points := make([]Point, len(list))
	parts := min(runtime.GOMAXPROCS(0), max(1, len(list)/parseShare))
	errs := make([]error, parts)
	parse := func(part int) {
		for i := part * len(list) / parts; i < (part+1)*len(list)/parts; i++ {
			if points[i], errs[part] = ParsePointHex(list[i]); errs[part] != nil {
				return
			}
		}
	}
	var wg sync.WaitGroup
	for part := 1; part < parts; part++ {
		wg.Go(func() { parse(part) })
	}
	parse(0)
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return points, nil
}
