package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// show prints the result of a command: JSON if that was asked for, else what text
// writes.
func (s *session) show(v any, text func(w io.Writer)) error {
	return s.program.show(s.globals, v, text)
}

func (p program) show(g *globals, v any, text func(w io.Writer)) error {
	if g.json {
		e := json.NewEncoder(p.stdout)
		e.SetEscapeHTML(false)
		return e.Encode(v)
	}
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	text(table)
	return table.Flush()
}

// row writes cells of a table.
func row(w io.Writer, cells ...string) { fmt.Fprintln(w, strings.Join(cells, "\t")) }

// line writes a line.
func line(w io.Writer, format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// moment is a time for people.
func moment(unix int64) string {
	if unix == 0 {
		return "never"
	}
	return time.Unix(unix, 0).Local().Format("2006-01-02 15:04:05")
}

// agree asks a question at the terminal, unless --yes has answered it. No is an
// error.
func (p program) agree(ctx context.Context, g *globals, format string, args ...any) error {
	if g.yes {
		return nil
	}
	t, err := p.terminal()
	if err != nil {
		return hint(fmt.Errorf("nobody can be asked: %s", fmt.Sprintf(format, args...)), "--yes answers with yes")
	}
	defer t.Close()
	answer, err := t.ReadLine(ctx, fmt.Sprintf(format, args...)+" [y/N] ")
	if err != nil {
		return err
	}
	if a := strings.ToLower(answer); a != "y" && a != "yes" {
		return errors.New("it was not done")
	}
	return nil
}
