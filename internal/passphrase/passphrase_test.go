package passphrase

import (
	"io"
	"os"
	"strings"
	"testing"
)

func TestThePassphraseComesFromADescriptor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ written, want, problem string }{
		"a line":               {"open sesame\n", "open sesame", ""},
		"without an end":       {"open sesame", "open sesame", ""},
		"an end from Windows":  {"open sesame\r\n", "open sesame", ""},
		"spaces are part":      {"  open  sesame \n\n", "  open  sesame ", ""},
		"nothing":              {"", "", "is empty"},
		"an empty line":        {"\nsecond", "", "is empty"},
		"two lines":            {"open\nsesame\n", "", "more than one line"},
		"something enormous":   {strings.Repeat("x", Max), "", "more than one line"},
		"something else large": {strings.Repeat("x", Max-1), strings.Repeat("x", Max-1), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(w, c.written); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			got, err := FirstLine(r)
			if string(got) != c.want || (err == nil) != (c.problem == "") || (err != nil && !strings.Contains(err.Error(), c.problem)) {
				t.Errorf("FirstLine = %q, %v", got, err)
			}
			if err != nil && strings.Contains(err.Error(), "sesame") {
				t.Errorf("the error shows the passphrase: %v", err)
			}
		})
	}
}
