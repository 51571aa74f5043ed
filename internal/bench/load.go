package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mintmark/wallet/mintclient"
)

// What a load is when it is not said.
const (
	defaultDuration = 10 * time.Second
	defaultWarmup   = 200
	defaultTimeout  = 30 * time.Second
	defaultPatience = time.Minute
)

// Bounds: every run ends, in finite memory.
const (
	maxWorkers    = 4096
	maxDuration   = time.Hour
	maxOperations = 5_000_000
	maxItems      = 1000 // inputs, outputs, Ys or messages of one operation
)

// Load says how much, for how long, and whom to watch.
type Load struct {
	Workers  int           // that ask at the same time; 0 is 1
	Duration time.Duration // of the measured run; 0 is 10 seconds when Count is 0 too
	Count    int           // of operations after which the run ends; 0: only Duration ends it
	Warmup   int           // operations before the clock starts; 0 is 200, negative is none
	PIDs     []int         // of the servers, whose CPU time is reported
	Children bool          // watch their descendants too
	DLEQ     int           // every n-th signature is verified after the run; 0 is 50, negative is none
	Progress *Progress     // nil shows none

	measureFloor func(context.Context) (Floor, error) // for tests; nil is MeasureFloor
}

func (l Load) withDefaults() (Load, error) {
	if l.Workers == 0 {
		l.Workers = 1
	}
	if l.Duration == 0 && l.Count == 0 {
		l.Duration = defaultDuration
	}
	if l.measureFloor == nil {
		l.measureFloor = MeasureFloor
	}
	switch {
	case l.Warmup == 0:
		l.Warmup = defaultWarmup
	case l.Warmup < 0:
		l.Warmup = 0
	}
	switch {
	case l.DLEQ == 0:
		l.DLEQ = 50
	case l.DLEQ < 0:
		l.DLEQ = 0
	}
	var problems []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	check(l.Workers > 0 && l.Workers <= maxWorkers, "workers: %d is not in 1..%d", l.Workers, maxWorkers)
	check(l.Duration >= 0 && l.Duration <= maxDuration, "duration: %v is not in 0..%v", l.Duration, maxDuration)
	check(l.Count >= 0 && l.Count <= maxOperations, "count: %d is not in 0..%d", l.Count, maxOperations)
	check(l.Warmup <= maxOperations, "warm-up: %d is more than %d", l.Warmup, maxOperations)
	for _, pid := range l.PIDs {
		check(pid > 0, "process id: %d is none", pid)
	}
	return l, errors.Join(problems...)
}

// Mint says where the mint is.
type Mint struct {
	URL         string
	AllowRemote bool          // else only loopback addresses
	Unit        string        // empty is sat
	Timeout     time.Duration // of one request; 0 is 30 seconds
	Patience    time.Duration // for a quote to be paid; 0 is a minute
}

func (m Mint) client() (*mintClient, error) {
	target, err := ParseTarget(m.URL, m.AllowRemote)
	if err != nil {
		return nil, err
	}
	c := &mintClient{target: target, unit: orElse(m.Unit, "sat"), timeout: m.Timeout, patience: m.Patience}
	if c.timeout <= 0 {
		c.timeout = defaultTimeout
	}
	if c.patience <= 0 {
		c.patience = defaultPatience
	}
	c.setup, err = mintclient.New(mintclient.Config{
		URL: target.String(), Transport: target.transport(c.timeout), Timeout: c.timeout, UserAgent: userAgent,
	})
	return c, err
}

func checkItems(what string, n int) error {
	if n < 1 || n > maxItems {
		return fmt.Errorf("%s: %d is not in 1..%d", what, n, maxItems)
	}
	return nil
}
