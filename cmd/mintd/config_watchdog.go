package main

import (
	"time"

	"mintmark/mint"
)

// Watchdog says what happens when the payment backends hold less than the mint owes.
// The numbers are ratios of what is held to what is owed; 0 is never.
type Watchdog struct {
	// Interval is how often the payment backends are asked for a sign of life and what
	// they hold. Three looks decide. Default "15s".
	Interval Duration `toml:"interval"`
	// AlarmBelow puts an ALARM in the log and makes /health degraded. Default 1.
	AlarmBelow float64 `toml:"alarm_below"`
	// StopMintBelow and StopMeltBelow stop new quotes to mint, or quotes and payments to
	// melt, in the unit. Default 0.
	StopMintBelow float64 `toml:"stop_mint_below"`
	StopMeltBelow float64 `toml:"stop_melt_below"`
	// Margin is by how much a threshold must be passed again until things are as
	// before. Default 0.02.
	Margin float64 `toml:"margin"`
}

func defaultWatchdog() Watchdog {
	return Watchdog{Interval: Duration(15 * time.Second), AlarmBelow: 1, Margin: 0.02}
}

func (w Watchdog) validate(wrong report) {
	if w.Interval.std() < time.Second || w.Interval.std() > time.Hour {
		wrong("watchdog.interval", "must be between 1s and 1h")
	}
	for key, v := range map[string]float64{
		"watchdog.alarm_below": w.AlarmBelow, "watchdog.stop_mint_below": w.StopMintBelow, "watchdog.stop_melt_below": w.StopMeltBelow,
		"watchdog.margin": w.Margin,
	} {
		if !(v >= 0 && v <= 100) {
			wrong(key, "must be between 0 and 100")
		}
	}
}

func (w Watchdog) mint() mint.Watchdog {
	return mint.Watchdog{AlarmBelow: w.AlarmBelow, StopMintBelow: w.StopMintBelow, StopMeltBelow: w.StopMeltBelow, Margin: w.Margin}
}
