package bench

import (
	"strings"
	"testing"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/wallet/mintclient"
)

func TestARefusalIsReadWhateverItsBody(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, kind, body, code, detail string }{
		{"an error of the NUTs", "application/json", `{"detail":"Token already spent.","code":11001}`, "11001", "Token already spent."},
		{"a list for a detail", "application/json", `{"detail":[{"msg":"bad"}]}`, "none", `{"detail":[{"msg":"bad"}]}`},
		{"error instead of detail", "application/json", `{"error":"no"}`, "none", `{"error":"no"}`},
		{"a bare string", "application/json", `"Malformed Body"`, "none", `"Malformed Body"`},
		{"no JSON", "text/html", "<html>502</html>", "none", "<html>502</html>"},
		{"nothing", "", "", "none", ""},
		{"a null code", "application/json", `{"detail":null,"code":null}`, "none", `{"detail":null,"code":null}`},
		{"control characters", "text/plain", "\x1b[2Jgone", "none", " [2Jgone"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := refusal(mintclient.Reply{Status: 400, Kind: tt.kind, Body: []byte(tt.body)})
			if f.kind != kindRefused || f.status != 400 || f.code != tt.code || f.detail != tt.detail {
				t.Errorf("got %+v", f)
			}
		})
	}
	if f := refusal(mintclient.Reply{Status: 500, Body: []byte(strings.Repeat("é", 5000))}); len([]rune(f.detail)) > 200 {
		t.Errorf("a detail of %d characters is kept", len([]rune(f.detail)))
	}
}

func FuzzAnswersNeverPanic(f *testing.F) {
	f.Add(200, []byte(`{"signatures":[{"amount":1,"id":"00ad268c4d1f5826","C_":"02`+strings.Repeat("00", 32)+`","dleq":{"e":"","s":""}}]}`))
	f.Add(400, []byte(`{"detail":"x","code":1}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		reply := mintclient.Reply{Status: status, Kind: "application/json", Body: body}
		signatures, err := readSignatures(reply, []cashu.Amount{1}, "00ad268c4d1f5826")
		if err != nil {
			var counted tally
			counted.add(asFault(err))
		}
		kept := sampler{every: 1}
		for i, s := range signatures {
			kept.see(bdhke.Point{}, bdhke.Point{}, s, body, i)
		}
		for _, s := range kept.kept {
			_, _ = s.sig()
		}
		_ = refusal(reply)
	})
}
