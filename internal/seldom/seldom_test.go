package seldom_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"mintmark/internal/seldom"
)

func TestTheSameAboutTheSameIsSaidOnceAMinuteWithHowOften(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	log := slog.New(slog.NewTextHandler(&text, nil))
	said := func() (lines []string) {
		lines = strings.Split(strings.TrimSpace(text.String()), "\n")
		text.Reset()
		return lines
	}
	var few seldom.Log
	now := time.Unix(1000, 0)
	for range 30 {
		few.Say(log, slog.LevelWarn, now, "node", "it is away", "error", "no")
		now = now.Add(time.Second)
	}
	if got := said(); len(got) != 1 || !strings.Contains(got[0], `level=WARN msg="it is away" error=no times=1`) {
		t.Errorf("in half a minute: %q", got)
	}
	few.Say(log, slog.LevelError, now, "other", "it is away")
	few.Say(log, slog.LevelWarn, now, "node", "it is back")
	if got := said(); len(got) != 2 || !strings.Contains(got[0], "level=ERROR") {
		t.Errorf("about others, and of other things: %q", got)
	}
	few.Say(log, slog.LevelWarn, now.Add(30*time.Second), "node", "it is away")
	if got := said(); len(got) != 1 || !strings.Contains(got[0], "times=30") {
		t.Errorf("after a minute: %q", got)
	}
	few.Say(log, slog.LevelWarn, now.Add(-time.Hour), "node", "it is away")
	if got := said(); len(got) != 1 || !strings.Contains(got[0], "times=1") {
		t.Errorf("after the clock was set back: %q", got)
	}
}

// A stranger who causes ever new lines does not fill the memory, nor make it silent.
func TestManyKindsAreSaidAndNotAllRemembered(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	log := slog.New(slog.NewTextHandler(&text, nil))
	var few seldom.Log
	for i := range 5000 {
		few.Say(log, slog.LevelWarn, time.Unix(1000, 0), fmt.Sprint(i), "it is away")
	}
	few.Say(log, slog.LevelWarn, time.Unix(1000, 0), "0", "it is away") // which is forgotten
	if n := strings.Count(text.String(), "\n"); n != 5001 {
		t.Errorf("%d lines", n)
	}
}
