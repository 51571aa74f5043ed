package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"mintmark/bdhke"
)

// Floor is what the curve arithmetic that no mint can avoid costs on this
// machine, with this repository's arithmetic, as CPU time of a thread while every
// core does the same. A core whose neighbour is busy is slower than one that is
// alone, and under load all are busy.
type Floor struct {
	HashToCurve   time.Duration // NUT-00, averaged over many secrets
	Multiply      time.Duration // a secret scalar times any point
	MultiplyBase  time.Duration // a secret scalar times the generator
	Decompression time.Duration // of a point as it travels
}

// PerInput is verifying a proof: k*hash_to_curve(secret) == C.
func (f Floor) PerInput() time.Duration { return f.HashToCurve + f.Multiply }

// PerOutput is signing with a DLEQ proof: B_ is decompressed, then k*B_, and for
// the proof r*B_ and r*G.
func (f Floor) PerOutput() time.Duration { return 2*f.Multiply + f.MultiplyBase + f.Decompression }

// Operation is the floor of a swap; of an issue when there are no inputs.
func (f Floor) Operation(inputs, outputs int) time.Duration {
	return time.Duration(inputs)*f.PerInput() + time.Duration(outputs)*f.PerOutput()
}

// min takes the smaller of each part: a disturbance can only add.
func (f Floor) min(o Floor) Floor {
	return Floor{
		HashToCurve:   min(f.HashToCurve, o.HashToCurve),
		Multiply:      min(f.Multiply, o.Multiply),
		MultiplyBase:  min(f.MultiplyBase, o.MultiplyBase),
		Decompression: min(f.Decompression, o.Decompression),
	}
}

// How the floor is measured: the fastest round of a while, each over so many
// different points. On a virtual machine whose neighbours come and go, a shorter
// while finds no undisturbed moment.
const (
	floorTime   = 250 * time.Millisecond
	floorRounds = 3 // at least
	floorPoints = 64
)

// MeasureFloor measures on all cores at once, for about a quarter of a second. It
// is meant to be called before and after the load, and the smaller result kept.
func MeasureFloor(ctx context.Context) (Floor, error) {
	cores := runtime.GOMAXPROCS(0)
	floors, errs := make([]Floor, cores), make([]error, cores)
	var wg sync.WaitGroup
	for i := range cores {
		wg.Go(func() { floors[i], errs[i] = measureThread(ctx) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return Floor{}, err
	}
	return mean(floors), nil
}

func mean(floors []Floor) Floor {
	var sum Floor
	for _, f := range floors {
		sum.HashToCurve += f.HashToCurve
		sum.Multiply += f.Multiply
		sum.MultiplyBase += f.MultiplyBase
		sum.Decompression += f.Decompression
	}
	n := time.Duration(len(floors))
	return Floor{sum.HashToCurve / n, sum.Multiply / n, sum.MultiplyBase / n, sum.Decompression / n}
}

// measureThread measures one thread.
func measureThread(ctx context.Context) (Floor, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var fastest Floor
	begun := time.Now()
	for round := 0; round < floorRounds || time.Since(begun) < floorTime; round++ {
		if err := ctx.Err(); err != nil {
			return Floor{}, err
		}
		f, err := measureRound()
		if err != nil {
			return Floor{}, fmt.Errorf("measuring the curve: %w", err)
		}
		if round == 0 {
			fastest = f
		}
		fastest = fastest.min(f)
	}
	return fastest, nil
}

func measureRound() (Floor, error) {
	var (
		secrets [floorPoints][64]byte
		points  [floorPoints]bdhke.Point
		raw     [floorPoints][bdhke.PointSize]byte
		scalars [floorPoints]bdhke.Scalar
	)
	for i := range floorPoints {
		if _, err := rand.Read(secrets[i][:]); err != nil {
			return Floor{}, err
		}
		s, err := bdhke.RandomScalar(nil)
		if err != nil {
			return Floor{}, err
		}
		scalars[i] = s
	}
	var f Floor
	steps := []struct {
		into *time.Duration
		do   func(i int) error
	}{
		{&f.HashToCurve, func(i int) (err error) { points[i], err = bdhke.HashToCurve(secrets[i][:]); return }},
		{&f.Multiply, func(i int) (err error) { points[i], err = scalars[i].Mul(points[i]); return }},
		{&f.MultiplyBase, func(i int) error { raw[i] = scalars[i].Public().Bytes(); return nil }},
		{&f.Decompression, func(i int) (err error) { points[i], err = bdhke.ParsePoint(raw[i][:]); return }},
	}
	for _, step := range steps {
		before, err := threadCPU()
		if err != nil {
			return Floor{}, err
		}
		for i := range floorPoints {
			if err := step.do(i); err != nil {
				return Floor{}, err
			}
		}
		after, err := threadCPU()
		if err != nil {
			return Floor{}, err
		}
		*step.into = (after - before) / floorPoints
	}
	return f, nil
}
