// Package child runs one program as a supervised child process: it starts it,
// starts it again with a growing pause when it dies, forwards what it says to
// the log, and stops it.
//
// The child must not outlive its parent, even a parent that was killed with
// SIGKILL and could tidy up nothing. Two things see to that. On Linux the kernel
// kills the child when the parent dies. Everywhere, the child's standard input is
// a pipe that the parent holds open and never writes to: a child that reads it
// sees the end of file when the parent is gone.
//
// The package trusts the program that it was told to start, but not to print
// sense: lines are cut to a bounded length, and what is not a record of slog is
// logged as one value. It must never pass a secret in an argument or in the environment,
// where every process of the machine may read it.
package child

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"time"
)

// Config says what to run and how to look after it.
type Config struct {
	// Path is the program file. Required.
	Path string
	// Args are the arguments, without the program's own name.
	Args []string
	// Env is the whole environment of the child; nil = that of this process.
	Env []string
	// Name stands in the log for the child; empty = the file name of Path.
	Name string
	// Logger receives the child's standard error line by line, and what happens
	// to the child. nil = nothing is logged.
	Logger *slog.Logger
	// Changed, if set, is called with every change of the child's state, by one
	// goroutine at a time and in order. It must not block.
	Changed func(State)
	// StopTimeout is how long the child may take after SIGTERM before it is
	// killed; 0 = 10 seconds.
	StopTimeout time.Duration
	// MinBackoff is the pause before the first new start; 0 = 200 milliseconds.
	MinBackoff time.Duration
	// MaxBackoff is the longest pause between two starts; 0 = 10 seconds. A
	// child that ran longer than this counts as healthy: the pauses begin again
	// at MinBackoff.
	MaxBackoff time.Duration
}

// State is what there is to say about the child at one moment.
type State struct {
	Running  bool
	PID      int       // of the running child; 0 = not running
	Starts   int       // how often a start was tried
	Since    time.Time // when it entered this state
	LastExit string    // how the last run ended, e.g. "exit status 1"; empty = it never did
}

// Child is a supervised process. Make it with New; it does nothing before Run.
type Child struct {
	cfg Config

	mu    sync.Mutex
	state State
}

// New checks cfg and reports all that is wrong with it at once.
func New(cfg Config) (*Child, error) {
	var problems []error
	if cfg.Path == "" {
		problems = append(problems, errors.New("path is empty"))
	}
	for _, d := range []struct {
		name string
		v    *time.Duration
		zero time.Duration
	}{
		{"stop timeout", &cfg.StopTimeout, 10 * time.Second},
		{"min backoff", &cfg.MinBackoff, 200 * time.Millisecond},
		{"max backoff", &cfg.MaxBackoff, 10 * time.Second},
	} {
		if *d.v < 0 {
			problems = append(problems, fmt.Errorf("%s is negative", d.name))
		}
		if *d.v == 0 {
			*d.v = d.zero
		}
	}
	if cfg.MinBackoff > cfg.MaxBackoff {
		problems = append(problems, errors.New("min backoff is longer than max backoff"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("child process configuration: %w", err)
	}
	if cfg.Name == "" {
		cfg.Name = filepath.Base(cfg.Path)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.Logger = cfg.Logger.With("child", cfg.Name)
	return &Child{cfg: cfg}, nil
}

// State tells how the child is doing.
func (c *Child) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// Run keeps the child running until ctx ends, then stops it. It returns when the
// child is gone, with nil: a child that fails is started again, for ever. Run is
// called once.
func (c *Child) Run(ctx context.Context) error {
	pause := c.cfg.MinBackoff
	for {
		started := time.Now()
		err := c.runOnce(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if time.Since(started) > c.cfg.MaxBackoff {
			pause = c.cfg.MinBackoff
		}
		wait := jitter(pause)
		c.cfg.Logger.Error("child process ended; it will be started again",
			"error", err, "ran_for", time.Since(started).Round(time.Millisecond), "again_in", wait.Round(time.Millisecond))
		pause = min(2*pause, c.cfg.MaxBackoff)

		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// jitter shortens d by up to a half, so that many parents that lost their
// children at the same moment do not come back at the same moment.
func jitter(d time.Duration) time.Duration {
	return d/2 + rand.N(d/2+1)
}

// set changes the state under the lock and tells the world. Only the goroutine
// of Run calls it, so the calls of Changed are in order.
func (c *Child) set(change func(*State)) {
	c.mu.Lock()
	change(&c.state)
	c.state.Since = time.Now()
	now := c.state
	c.mu.Unlock()
	if c.cfg.Changed != nil {
		c.cfg.Changed(now)
	}
}
