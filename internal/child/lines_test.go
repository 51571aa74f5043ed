package child

import (
	"bytes"
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

func TestRecordsOfTheChildKeepTheirLevelMessageAndValues(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))
	logger.Warn("all \"quiet\"", "n", 7, "s", "a b", "g", slog.GroupValue(slog.Bool("on", true)))
	logger.Debug("small")

	logged := newRecords()
	f := &lineForwarder{logger: slog.New(logged)}
	if _, err := f.Write(text.Bytes()); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`WARN all "quiet" n=7 s=a b g={"on":true}`,
		`DEBUG small`,
	}
	if !slices.Equal(logged.lines, want) {
		t.Errorf("got %q, want %q", logged.lines, want)
	}
}

func TestLinesThatAreNoRecordsAreForwardedAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"panic: something", "{", "{}", `{"msg":""}`, `{"msg":"x"`, `{"level":"LOUD","msg":"x"}`, `{"level":3,"msg":"x"}`,
		`{"msg":"x","a":}`, `["msg"]`, `level=WARN msg=x`,
	} {
		logged := newRecords()
		f := &lineForwarder{logger: slog.New(logged)}
		if _, err := f.Write([]byte(line + "\n")); err != nil {
			t.Fatal(err)
		}
		if want := []string{"INFO child process says line=" + line}; !slices.Equal(logged.lines, want) {
			t.Errorf("got %q, want %q", logged.lines, want)
		}
	}
}

func FuzzForwardedLines(f *testing.F) {
	f.Add([]byte("{\"level\":\"INFO\",\"msg\":\"x\",\"a\":[1]}\nplain\n\xff"))
	f.Fuzz(func(t *testing.T, written []byte) {
		l := &lineForwarder{logger: slog.New(slog.DiscardHandler)}
		if n, err := l.Write(written); n != len(written) || err != nil {
			t.Fatalf("Write returned %d, %v", n, err)
		}
		l.flush()
	})
}
