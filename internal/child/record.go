package child

import (
	"log/slog"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// record is a line that the child's own slog.JSONHandler wrote.
type record struct {
	level   slog.Level
	message string
	attrs   []slog.Attr
}

// parseRecord reads such a line, so that a warning of the child is a warning
// here and is not quoted twice. The child's time is dropped: the line comes from
// a pipe, and now is near enough. Values that are not strings stay JSON text.
func parseRecord(line string) (record, bool) {
	if !strings.HasPrefix(line, "{") {
		return record{}, false
	}
	var r record
	d := jsontext.NewDecoder(strings.NewReader(line), jsontext.AllowDuplicateNames(true))
	if _, err := d.ReadToken(); err != nil {
		return record{}, false
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return record{}, false
		}
		key := name.String()
		value, err := readText(d)
		if err != nil {
			return record{}, false
		}
		switch key {
		case slog.TimeKey:
		case slog.MessageKey:
			r.message = value
		case slog.LevelKey:
			if err := r.level.UnmarshalText([]byte(value)); err != nil {
				return record{}, false
			}
		default:
			r.attrs = append(r.attrs, slog.String(key, value))
		}
	}
	if _, err := d.ReadToken(); err != nil || r.message == "" {
		return record{}, false
	}
	return r, true
}

// readText reads a string as it is, anything else as its JSON text.
func readText(d *jsontext.Decoder) (string, error) {
	if d.PeekKind() == '"' {
		t, err := d.ReadToken()
		return t.String(), err
	}
	v, err := d.ReadValue()
	return string(v), err
}
