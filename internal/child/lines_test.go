package child

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
)

func TestLinesAreForwardedWholeHoweverTheyArrive(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxLine)
	for _, tt := range []struct {
		name   string
		writes []string
		want   []string
	}{
		{"one write, two lines", []string{"a\nb\n"}, []string{"a", "b"}},
		{"a line in three writes", []string{"he", "ll", "o\n"}, []string{"hello"}},
		{"empty lines and carriage returns are dropped", []string{"\n\r\na\r\n\n"}, []string{"a"}},
		{"the last line needs no newline", []string{"a\nend"}, []string{"a", "end"}},
		{"an endless line comes in pieces", []string{long + "y", "\n"}, []string{long, "y"}},
		{"bytes that are no text are replaced", []string{"a\xffb\n"}, []string{"a\uFFFDb"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			logged := newRecords()
			f := &lineForwarder{logger: slog.New(logged)}
			for _, w := range tt.writes {
				if n, err := f.Write([]byte(w)); n != len(w) || err != nil {
					t.Fatalf("Write returned %d, %v", n, err)
				}
			}
			f.flush()
			var got []string
			for _, l := range logged.lines {
				got = append(got, strings.TrimPrefix(l, "INFO child process says line="))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestLevelIsTakenFromTheLine(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]slog.Level{
		`time=2026-01-01T00:00:00Z level=WARN msg=x`: slog.LevelWarn,
		`level=DEBUG`: slog.LevelDebug,
		`{"time":"2026-01-01T00:00:00Z","level":"ERROR","msg":"x"}`: slog.LevelError,
		`panic: something`: slog.LevelInfo,
		`level=LOUD msg=x`: slog.LevelInfo,
	} {
		if got := levelOf(line); got != want {
			t.Errorf("levelOf(%q) = %v, want %v", line, got, want)
		}
	}
}
