package printable_test

import (
	"testing"

	"mintmark/internal/printable"
)

func TestWhatIsNoTextIsTakenOut(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		in, want string
		most     int
	}{
		{"Zwölf Äpfel, 12 ₿", "Zwölf Äpfel, 12 ₿", 0},
		{"red\x1b[31m and\r\ngone\x00", "red[31m andgone", 0},
		{"pay \u202eecila\u2066", "pay ecila", 0},
		{"\xff\xfe", "\ufffd\ufffd", 0},
		{"äöü", "äö…", 2},
		{"äö", "äö", 2},
	} {
		if got := printable.Text(test.in, test.most); got != test.want {
			t.Errorf("%q is %q, want %q", test.in, got, test.want)
		}
	}
}
