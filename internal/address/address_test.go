package address

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		in       string
		want     Address
		loopback bool
	}{
		{"unix:/run/s.sock", Address{Network: "unix", Addr: "/run/s.sock"}, true},
		{"unix:relative.sock", Address{Network: "unix", Addr: "relative.sock"}, true},
		{"127.0.0.1:1", Address{"tcp", "127.0.0.1:1", "127.0.0.1"}, true},
		{"127.9.9.9:1", Address{"tcp", "127.9.9.9:1", "127.9.9.9"}, true},
		{"[::1]:65535", Address{"tcp", "[::1]:65535", "::1"}, true},
		{"localhost:0", Address{"tcp", "localhost:0", "localhost"}, true},
		{":3339", Address{"tcp", ":3339", ""}, false},
		{"0.0.0.0:3339", Address{"tcp", "0.0.0.0:3339", "0.0.0.0"}, false},
		{"signer.example:3339", Address{"tcp", "signer.example:3339", "signer.example"}, false},
		{"localhost.example:3339", Address{"tcp", "localhost.example:3339", "localhost.example"}, false},
	} {
		got, err := Parse(test.in)
		if err != nil || got != test.want || got.Loopback() != test.loopback {
			t.Errorf("%s: %+v, loopback %v, %v", test.in, got, got.Loopback(), err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"nothing":                                "",
		"a host without port":                    "localhost",
		"a named port":                           "localhost:https",
		"a port that is too big":                 "localhost:65536",
		"no path":                                "unix:",
		"an abstract socket":                     "unix:@signer",
		"a path that is too long for the system": "unix:/" + strings.Repeat("x", 107),
	} {
		if got, err := Parse(in); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
