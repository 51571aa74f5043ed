package bench

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// How often progress is shown: a bar is drawn over itself, a line is for a log.
const (
	barEvery  = 200 * time.Millisecond
	lineEvery = 5 * time.Second
)

// Progress shows how far the run is: as a bar on a terminal, as a line now and
// then otherwise. A nil Progress shows nothing.
type Progress struct {
	out io.Writer
	bar bool

	done   atomic.Int64
	failed atomic.Int64

	mu    sync.Mutex // over the fields below and over out
	name  string
	total int           // 0: the phase ends by time
	span  time.Duration // of a phase that ends by time
	begun time.Time
	width int // of the bar as it stands
	quit  chan struct{}
	ended chan struct{}
}

// NewProgress shows progress on out. Close it.
func NewProgress(out io.Writer, terminal bool) *Progress {
	p := &Progress{out: out, bar: terminal, quit: make(chan struct{}), ended: make(chan struct{})}
	every := lineEvery
	if terminal {
		every = barEvery
	}
	go p.watch(every)
	return p
}

// Close takes the bar away.
func (p *Progress) Close() {
	if p == nil {
		return
	}
	close(p.quit)
	<-p.ended
	p.finish()
}

// Phase begins a new part of the run, with so many things to do.
func (p *Progress) Phase(name string, total int) { p.phase(name, total, 0) }

// TimedPhase begins a part that lasts for a while.
func (p *Progress) TimedPhase(name string, span time.Duration) { p.phase(name, 0, span) }

// Add counts things that were done.
func (p *Progress) Add(n int) {
	if p != nil {
		p.done.Add(int64(n))
	}
}

// Fail counts things that went wrong.
func (p *Progress) Fail() {
	if p != nil {
		p.failed.Add(1)
	}
}

func (p *Progress) phase(name string, total int, span time.Duration) {
	if p == nil {
		return
	}
	p.finish()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.name, p.total, p.span, p.begun = name, total, span, time.Now()
	p.done.Store(0)
	p.failed.Store(0)
	if !p.bar {
		fmt.Fprintln(p.out, name)
	}
}

// finish leaves no bar behind.
func (p *Progress) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.width > 0 {
		fmt.Fprintf(p.out, "\r%s\r", strings.Repeat(" ", p.width))
		p.width = 0
	}
	p.name = ""
}

func (p *Progress) watch(every time.Duration) {
	defer close(p.ended)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-tick.C:
			p.show()
		}
	}
}

func (p *Progress) show() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.name == "" {
		return
	}
	text := p.text(time.Since(p.begun))
	if !p.bar {
		fmt.Fprintln(p.out, text)
		return
	}
	fmt.Fprintf(p.out, "\r%s%s", text, strings.Repeat(" ", max(p.width-len(text), 0)))
	p.width = len(text)
}

// text is one line: name, bar, share, count, rate, errors.
func (p *Progress) text(passed time.Duration) string {
	const cells = 24
	done := p.done.Load()
	var share float64
	switch {
	case p.total > 0:
		share = float64(done) / float64(p.total)
	case p.span > 0:
		share = float64(passed) / float64(p.span)
	}
	share = min(share, 1)
	line := fmt.Sprintf("%-20s [%-*s] %3.0f %%  %d, %.0f per second",
		p.name, cells, strings.Repeat("#", int(share*cells)), 100*share, done, float64(done)/max(passed.Seconds(), 1e-9))
	if failed := p.failed.Load(); failed > 0 {
		line += fmt.Sprintf(", %d failed", failed)
	}
	return line
}
