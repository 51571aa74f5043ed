package main

import (
	"bytes"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mintmark/cashu"
	"mintmark/mint"
)

func TestWhatTheOperatorSaysReachesTheMint(t *testing.T) {
	t.Parallel()
	info := Info{
		Name: "My mint", Motd: "Closed on Sundays.", Description: "d", DescriptionLong: "l", IconURL: "i", TosURL: "t",
		URLs: []string{"u"}, Contact: []Contact{{"email", "x@example.org"}},
	}
	want := mint.About{
		Name: "My mint", MOTD: "Closed on Sundays.", Description: "d", DescriptionLong: "l", IconURL: "i", TOSURL: "t",
		URLs: []string{"u"}, Contact: []cashu.MintContact{{Method: "email", Info: "x@example.org"}},
	}
	if diff := cmp.Diff(want, info.about()); diff != "" {
		t.Errorf("about (-want +got):\n%s", diff)
	}
}

func TestLimitsReachTheMint(t *testing.T) {
	t.Parallel()
	got := Limits{MaxInputs: 1, MaxOutputs: 2, MaxStates: 3, MaxSecret: 4, MaxWitness: 5, MaxQuotes: 6}.mint()
	want := mint.Limits{MaxInputs: 1, MaxOutputs: 2, MaxStates: 3, MaxSecret: 4, MaxWitness: 5, MaxQuotes: 6}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("limits (-want +got):\n%s", diff)
	}
}

func TestThePinnedIdentityIsParsed(t *testing.T) {
	t.Parallel()
	const key = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
	if got := (Signatory{Identity: key}).identity().String(); got != key {
		t.Errorf("identity is %s", got)
	}
	if !(Signatory{}).identity().IsZero() {
		t.Error("no identity is one")
	}
}

func TestTheAnnouncementSaysWhereAndHow(t *testing.T) {
	t.Parallel()
	cfg := defaultConfig()
	at := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}
	for _, tt := range []struct {
		format string
		person bool
	}{{"text", true}, {"json", false}} {
		var out bytes.Buffer
		cfg.Log.Format = tt.format
		announce(cfg, at, newLogger(&out, cfg.Log), &out)
		if !strings.Contains(out.String(), "127.0.0.1:4711") {
			t.Errorf("%s: no address in\n%s", tt.format, out.String())
		}
		for _, want := range []string{"curl -s http://127.0.0.1:4711/v1/info", "PLAY MONEY", "child process"} {
			if strings.Contains(out.String(), want) != tt.person {
				t.Errorf("%s: %q is there or not in\n%s", tt.format, want, out.String())
			}
		}
	}
}

func TestTheLogKeepsItsLevelAndFormat(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := newLogger(&out, Log{Level: "warn", Format: "json"})
	log.Info("quiet")
	log.Warn("loud", slog.String("k", "v"))
	if got := out.String(); strings.Contains(got, "quiet") || !strings.Contains(got, `"msg":"loud","k":"v"`) {
		t.Errorf("log is %s", got)
	}
}
