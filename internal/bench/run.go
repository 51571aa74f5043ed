package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"
)

// scenario is a kind of load.
type scenario interface {
	// prepare makes n more operations possible. It is called before the warm-up
	// and again before the clock starts, never while workers operate.
	prepare(ctx context.Context, n int) error
	worker() worker
	// floor is what the curve alone costs one operation; 0: not defined.
	floor(Floor) time.Duration
	// describe fills in the parts of the report that only the scenario knows.
	describe(*Report)
}

// warmupLimit ends a warm-up of a slow server before its count does.
const warmupLimit = 5 * time.Second

// margin is how much more is prepared than the warm-up lets expect: caches fill,
// and a run that ends early is worth less than some work for nothing.
const margin = 1.5

// run is the course of every benchmark.
func run(ctx context.Context, l Load, s scenario) (Report, error) {
	proc := procfs{"/proc"}
	if _, err := proc.family(l.PIDs, l.Children); err != nil {
		return Report{}, err
	}
	began := time.Now()
	floor, err := l.measureFloor(ctx)
	if err != nil {
		return Report{}, err
	}
	workers := make([]worker, l.Workers)
	for i := range workers {
		workers[i] = s.worker()
		defer workers[i].close()
	}
	warm, err := warmUp(ctx, l, s, workers)
	if err != nil {
		return Report{}, err
	}
	if err := s.prepare(ctx, l.expected(warm)); err != nil {
		return Report{}, fmt.Errorf("preparing the run: %w", err)
	}
	if err := openAll(ctx, workers); err != nil {
		return Report{}, err
	}
	setup := time.Since(began)

	runtime.GC()
	if l.Count > 0 {
		l.Progress.Phase("running", l.Count)
	} else {
		l.Progress.TimedPhase("running", l.Duration)
	}
	meter, err := startMeter(proc, l)
	if err != nil {
		return Report{}, err
	}
	started := time.Now()
	b := drive(ctx, workers, limits{count: l.Count, duration: l.Duration}, l.Progress)
	cpu := meter.stop(b.latencies.Len())

	l.Progress.Phase("checking", 1)
	checked := check(context.WithoutCancel(ctx), workers, &b)
	again, err := l.measureFloor(context.WithoutCancel(ctx))
	if err != nil {
		return Report{}, err
	}
	return assemble(l, s, b, floor.min(again), cpu, checked, course{started, setup, warm.latencies.Len()}), nil
}

// warmUp fills caches on both sides and tells how fast the server is. Errors that
// leave nothing to measure end the run here, with their reasons.
func warmUp(ctx context.Context, l Load, s scenario, workers []worker) (burst, error) {
	if l.Warmup == 0 {
		return burst{}, nil
	}
	n := max(l.Warmup, l.Workers)
	if err := s.prepare(ctx, n); err != nil {
		return burst{}, fmt.Errorf("preparing the warm-up: %w", err)
	}
	if err := openAll(ctx, workers); err != nil {
		return burst{}, err
	}
	l.Progress.Phase("warming up", n)
	b := drive(ctx, workers, limits{count: n, duration: warmupLimit}, l.Progress)
	if err := ctx.Err(); err != nil {
		return burst{}, err
	}
	if b.latencies.Len() == 0 {
		err := errors.New("no operation of the warm-up succeeded")
		for _, example := range b.tally.examples {
			err = fmt.Errorf("%w; %s", err, example)
		}
		return burst{}, err
	}
	for _, w := range workers {
		if kept := w.sampler(); kept != nil {
			*kept = sampler{every: kept.every}
		}
	}
	return b, nil
}

// expected is how many operations to be ready for.
func (l Load) expected(warm burst) int {
	n := float64(maxOperations)
	if l.Count > 0 {
		n = float64(l.Count)
	}
	if l.Duration > 0 && warm.elapsed > 0 {
		n = min(n, warm.perSecond()*l.Duration.Seconds()*margin+float64(l.Workers))
	}
	return int(math.Ceil(min(n, maxOperations)))
}

func openAll(ctx context.Context, workers []worker) error {
	for _, w := range workers {
		if err := w.open(ctx); err != nil {
			return err
		}
	}
	return nil
}

// check verifies what was put off. A wrong proof turns its operation from a
// success into a failure, as far as the counts go; its latency stays.
func check(ctx context.Context, workers []worker, b *burst) Checked {
	var samples []sample
	done := Checked{Answers: b.latencies.Len()}
	for _, w := range workers {
		if s := w.sampler(); s != nil {
			samples = append(samples, s.kept...)
			done.WithoutDLEQ += s.without
		}
	}
	done.DLEQ = len(samples)
	for _, f := range verifySamples(ctx, samples) {
		b.tally.add(f)
	}
	return done
}

// meter reads CPU clocks at both ends of the measured time.
type meter struct {
	proc   procfs
	load   Load
	before map[int]process
	own    time.Duration
}

func startMeter(proc procfs, l Load) (*meter, error) {
	before, err := proc.family(l.PIDs, l.Children)
	if err != nil {
		return nil, err
	}
	own, err := ownCPU()
	if err != nil {
		return nil, err
	}
	return &meter{proc, l, before, own}, nil
}

// stop never fails: a run whose CPU time is unknown is still a run.
func (m *meter) stop(operations int) CPU {
	var cpu CPU
	per := func(seconds float64) float64 { return seconds * 1e6 / max(float64(operations), 1) }
	if own, err := ownCPU(); err == nil {
		cpu.ClientSeconds = (own - m.own).Seconds()
		cpu.ClientPerOperation = per(cpu.ClientSeconds)
	}
	if len(m.load.PIDs) == 0 {
		return cpu
	}
	after, err := m.proc.family(m.load.PIDs, m.load.Children)
	if err == nil {
		cpu.Processes, err = spent(m.before, after)
	}
	if err != nil {
		cpu.Problem = err.Error()
		return cpu
	}
	for i := range cpu.Processes {
		p := &cpu.Processes[i]
		p.MicrosecondsPerOperation = per(p.Seconds)
		cpu.ServersSeconds += p.Seconds
	}
	cpu.ServersPerOperation = per(cpu.ServersSeconds)
	return cpu
}
