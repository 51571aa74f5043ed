package httpapi

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"mintmark/cashu"
	"mintmark/mint"
)

// guests are the users of a login provider: a token is the name of its user.
type guests map[string]bool

func (g guests) Verify(_ context.Context, token string) (string, error) {
	if token == "away" {
		return "", cashu.ErrUnavailable
	}
	if !g[token] {
		return "", cashu.ErrClearAuthFailed
	}
	return token, nil
}

// doorkeeper is a mint that lets every blind token in once.
type doorkeeper struct {
	*fakeMint
	used, returned map[string]int
}

func newDoorkeeper(t *testing.T, clear, blind []string) *doorkeeper {
	t.Helper()
	d := &doorkeeper{acceptingMint(), map[string]int{}, map[string]int{}}
	for _, list := range []struct {
		from []string
		to   *[]cashu.ProtectedEndpoint
	}{{clear, &d.clear}, {blind, &d.blind}} {
		for _, s := range list.from {
			e, err := cashu.ParseProtectedEndpoint(s)
			if err != nil {
				t.Fatal(err)
			}
			*list.to = append(*list.to, e)
		}
	}
	d.useToken = func(token cashu.BlindAuthToken) (func(), error) {
		if d.used[token.Secret] > 0 {
			return nil, cashu.ErrBlindAuthFailed
		}
		d.used[token.Secret]++
		return func() { d.used[token.Secret]--; d.returned[token.Secret]++ }, nil
	}
	return d
}

func blindToken(t *testing.T, secret string) string {
	t.Helper()
	id := keyset(t, "auth", 31, true).ID
	return "authA" + base64.URLEncoding.EncodeToString(fmt.Appendf(nil, `{"id":"%v","secret":"%s","C":"%v"}`, id, secret, point(t, 1)))
}

func guardedServer(t *testing.T, d *doorkeeper) func(verb, path, body string, headers ...string) (status int, answer string) {
	t.Helper()
	h, logged := server(t, d, func(c *Config) { c.Logins = guests{"alice": true} })
	t.Cleanup(func() {
		if s := logged.String(); strings.Contains(s, "alice") || strings.Contains(s, "authA") {
			t.Errorf("the log tells who it was: %s", s)
		}
	})
	return func(verb, path, body string, headers ...string) (int, string) {
		w := ask(h, verb, path, body, headers...)
		return w.Code, w.Body.String()
	}
}

const emptySwap = `{"inputs":[],"outputs":[]}`

func TestProtectedRoutesAreClosedWithTheCodeThatSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	d := newDoorkeeper(t, []string{"POST /v1/melt/*", "GET /v1/mint/quote/bolt11/*", "GET /v1/ws"}, []string{"POST /v1/swap", "POST /v1/mint/bolt11"})
	call := guardedServer(t, d)
	twice := blindToken(t, "twice")
	for _, tt := range []struct {
		name, request string
		headers       []string
		status        int
		code          string
	}{
		{"blind, without", "POST /v1/swap", nil, 400, "31001"},
		{"blind, empty", "POST /v1/swap", []string{"Blind-auth", ""}, 400, "31001"},
		{"blind, with a clear token", "POST /v1/swap", []string{"Clear-auth", "alice"}, 400, "31001"},
		{"blind, nonsense", "POST /v1/swap", []string{"Blind-auth", "authAAAAA"}, 400, "31002"},
		{"blind", "POST /v1/swap", []string{"Blind-auth", twice}, 200, ""},
		{"blind, again", "POST /v1/swap", []string{"Blind-auth", twice}, 400, "31002"},
		{"clear, without", "POST /v1/melt/bolt11", nil, 400, "30001"},
		{"clear, with a blind token", "POST /v1/melt/bolt11", []string{"Blind-auth", blindToken(t, "x")}, 400, "30001"},
		{"clear, of a stranger", "POST /v1/melt/bolt11", []string{"Clear-auth", "mallory"}, 400, "30002"},
		{"clear, the provider is away", "POST /v1/melt/bolt11", []string{"Clear-auth", "away"}, 503, "40005"},
		{"clear, a quote of melting", "POST /v1/melt/quote/bolt11", nil, 400, "30001"},
		{"clear, in disguise", "POST /v1/%6delt/bolt11", nil, 400, "30001"},
		{"blind, in disguise", "POST /v1/mint/%62olt11", nil, 400, "31001"},
		{"a slash in disguise", "GET /v1/mint/quote/bolt11/a%2Fb", nil, 400, "30001"},
		{"the head only", "HEAD /v1/mint/quote/bolt11/q", nil, 400, ""},
		{"a WebSocket", "GET /v1/ws", nil, 400, "30001"},
		{"another method of payment is open", "POST /v1/mint/bolt12", nil, 400, "40000"},
		{"another quote is open", "POST /v1/mint/quote/bolt11", nil, 400, "40000"},
		{"info is open", "GET /v1/info", nil, 200, ""},
		{"what a browser asks first", "OPTIONS /v1/swap", nil, 204, ""},
	} {
		verb, path, _ := strings.Cut(tt.request, " ")
		body := ""
		if path == "/v1/swap" {
			body = emptySwap
		}
		status, answer := call(verb, path, body, tt.headers...)
		if status != tt.status || tt.code != "" && !strings.Contains(answer, `"code":`+tt.code+`}`) {
			t.Errorf("%s: %d %s, want %d %s", tt.name, status, answer, tt.status, tt.code)
		}
	}
	if d.used["x"] != 0 {
		t.Error("a blind token that nobody asked for was used")
	}
}

func TestTwoTokensInOneRequestAreRefused(t *testing.T) {
	t.Parallel()
	d := newDoorkeeper(t, []string{"POST /v1/checkstate"}, []string{"POST /v1/swap"})
	h, _ := server(t, d, func(c *Config) { c.Logins = guests{"alice": true} })
	for path, header := range map[string]string{"/v1/swap": "Blind-auth", "/v1/checkstate": "Clear-auth"} {
		r := httptest.NewRequest("POST", path, strings.NewReader(emptySwap))
		r.Header.Add(header, "alice")
		r.Header.Add(header, "alice")
		if w := askRequest(h, r); w.Code != 400 || !strings.Contains(w.Body.String(), "more than one") {
			t.Errorf("%s: %d %s", header, w.Code, w.Body)
		}
	}
}

func TestABlindTokenIsGivenBackOnlyWhenTheMintCouldNotWork(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		back int
	}{
		"done":          {nil, 0},
		"refused":       {cashu.ErrProofsSpent, 0},
		"broken":        {fmt.Errorf("no idea"), 0},
		"not available": {fmt.Errorf("%w: %w", cashu.ErrUnavailable, fmt.Errorf("down")), 1},
		"too often":     {cashu.ErrRateLimited, 1},
	} {
		d := newDoorkeeper(t, nil, []string{"POST /v1/swap"})
		d.swap = func(context.Context, cashu.SwapRequest) ([]cashu.BlindSignature, error) { return nil, tt.err }
		call := guardedServer(t, d)
		call("POST", "/v1/swap", emptySwap, "Blind-auth", blindToken(t, "t"))
		if d.returned["t"] != tt.back {
			t.Errorf("%s: given back %d times, want %d", name, d.returned["t"], tt.back)
		}
	}
	d := newDoorkeeper(t, nil, []string{"POST /v1/swap"})
	call := guardedServer(t, d)
	call("POST", "/v1/swap", "nonsense", "Blind-auth", blindToken(t, "t"))
	if d.returned["t"] != 0 || d.used["t"] != 1 {
		t.Error("probing with nonsense is free")
	}
}

func TestBlindTokensAreIssuedToUsersOnly(t *testing.T) {
	t.Parallel()
	d := newDoorkeeper(t, nil, []string{"POST /v1/swap"})
	auth, sat := keyset(t, "auth", 31, true), keyset(t, "sat", 1, true)
	d.setView(viewOf(t, auth, sat))
	var asked string
	d.issueTokens = func(user string, outputs []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
		asked = fmt.Sprint(user, len(outputs))
		return []cashu.BlindSignature{{Amount: 1, ID: auth.ID, C: point(t, 3)}}, nil
	}
	call := guardedServer(t, d)
	body := fmt.Sprintf(`{"outputs":[{"amount":1,"id":"%v","B_":"%v"}]}`, auth.ID, point(t, 1))
	for _, tt := range []struct {
		headers []string
		want    string
	}{
		{nil, `"code":30001`},
		{[]string{"Blind-auth", blindToken(t, "t")}, `"code":30001`},
		{[]string{"Clear-auth", "mallory"}, `"code":30002`},
	} {
		if status, answer := call("POST", "/v1/auth/blind/mint", body, tt.headers...); status != 400 || !strings.Contains(answer, tt.want) || asked != "" {
			t.Errorf("%v: %d %s %s", tt.headers, status, answer, asked)
		}
	}
	want := fmt.Sprintf(`{"signatures":[{"amount":1,"id":"%v","C_":"%v"}]}`, auth.ID, point(t, 3))
	if status, answer := call("POST", "/v1/auth/blind/mint", body, "Clear-auth", "alice"); status != 200 || answer != want || asked != "alice1" {
		t.Errorf("%d %s, asked %s", status, answer, asked)
	}
	for path, contains := range map[string]string{
		"/v1/auth/blind/keys":                           auth.ID.String(),
		"/v1/auth/blind/keysets":                        auth.ID.String(),
		"/v1/auth/blind/keys/" + auth.ID.String():       auth.ID.String(),
		"/v1/keysets":                                   sat.ID.String(),
		"/v1/keys/" + sat.ID.String():                   sat.ID.String(),
		"/v1/keys/" + auth.ID.String():                  "12001",
		"/v1/auth/blind/keys/" + sat.ID.String():        "12001",
		"/v1/auth/blind/keys/" + auth.ID.String() + "x": "12001",
	} {
		_, answer := call("GET", path, "")
		both := strings.Contains(answer, auth.ID.String()) && strings.Contains(answer, sat.ID.String())
		if !strings.Contains(answer, contains) || both {
			t.Errorf("%s: %s", path, answer)
		}
	}
}

func TestAMintWithoutAuthenticationHasNoneOfItsRoutes(t *testing.T) {
	t.Parallel()
	m := acceptingMint()
	h, _ := server(t, m, nil)
	for _, path := range []string{"/v1/auth/blind/keys", "/v1/auth/blind/keysets"} {
		if w := ask(h, "GET", path, ""); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestTheKeysOfTokensAreAnEmptyListBeforeThereAreAny(t *testing.T) {
	t.Parallel()
	d := newDoorkeeper(t, nil, []string{"POST /v1/swap"})
	d.setView(viewOf(t, keyset(t, "sat", 1, true)))
	if status, answer := guardedServer(t, d)("GET", "/v1/auth/blind/keys", ""); status != 200 || answer != `{"keysets":[]}` {
		t.Errorf("%d %s", status, answer)
	}
}

func TestAProtectedEndpointThatIsNoRouteIsAMistake(t *testing.T) {
	t.Parallel()
	for endpoint, ok := range map[string]bool{
		"POST /v1/swap": true, "POST /v1/mint/bolt11": true, "POST /v1/mint/*": true, "GET /v1/mint/quote/bolt11/*": true, "POST /v1/s*": true,
		"POST /v1/mint/quote/*": true, "GET /v1/ws": true,
		"POST /v1/swaps": false, "GET /v1/swap": false, "POST /v1/swap/*": false, "POST /v2/*": false, "POST /v1/mint": false,
		"POST /v1/mint/quote/bolt11/*": true, "POST /v1/melt/quote/bolt11/*": false, "POST /v1/swap/": false,
	} {
		d := newDoorkeeper(t, []string{endpoint}, nil)
		if _, err := New(Config{Mint: d, Logins: guests{}}); (err == nil) != ok {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
	if _, err := New(Config{Mint: newDoorkeeper(t, []string{"POST /v1/swap"}, nil)}); err == nil {
		t.Error("protected, and nobody knows the users")
	}
}

func TestWhatCameOfEveryTokenIsCounted(t *testing.T) {
	t.Parallel()
	d := newDoorkeeper(t, []string{"POST /v1/melt/*"}, []string{"POST /v1/swap"})
	counted := map[string]int{}
	h, _ := server(t, d, func(c *Config) {
		c.Logins = guests{"alice": true}
		c.Authenticated = func(kind, outcome string) { counted[kind+" "+outcome]++ }
	})
	once := blindToken(t, "once")
	ask(h, "POST", "/v1/swap", emptySwap)
	ask(h, "POST", "/v1/swap", emptySwap, "Blind-auth", "authAAAAA")
	ask(h, "POST", "/v1/swap", emptySwap, "Blind-auth", once)
	ask(h, "POST", "/v1/swap", emptySwap, "Blind-auth", once)
	ask(h, "POST", "/v1/melt/bolt11", "{}")
	ask(h, "POST", "/v1/melt/bolt11", "{}", "Clear-auth", "mallory")
	ask(h, "POST", "/v1/melt/bolt11", "{}", "Clear-auth", "away")
	ask(h, "POST", "/v1/melt/bolt11", "{}", "Clear-auth", "alice")
	ask(h, "POST", "/v1/auth/blind/mint", "{}", "Clear-auth", "alice")
	ask(h, "GET", "/v1/keys", "")
	d.swap = func(context.Context, cashu.SwapRequest) ([]cashu.BlindSignature, error) {
		return nil, cashu.ErrUnavailable
	}
	ask(h, "POST", "/v1/swap", emptySwap, "Blind-auth", blindToken(t, "back"))
	want := map[string]int{
		"blind missing": 1, "blind refused": 2, "blind accepted": 2, "blind given back": 1,
		"clear missing": 1, "clear refused": 1, "clear not decided": 1, "clear accepted": 2,
	}
	if !maps.Equal(counted, want) {
		t.Errorf("counted %v, want %v", counted, want)
	}
}

// openDoors are the routes that nobody can close: how a wallet learns how to log in, and
// how the operator's machines see that the mint is there.
var openDoors = []string{"GET /{$}", "GET /health", "GET /health/live", "GET /v1/info"}

// Every route of the table is behind the guard or on the list of open doors. A route that
// somebody adds is closed with the rest, or this fails until it was decided.
func TestAMintThatIsClosedAsAWholeHasNoOpenDoor(t *testing.T) {
	t.Parallel()
	d := newDoorkeeper(t, []string{"POST /v1/*", "GET /v1/k*", "GET /v1/m*", "GET /v1/ws"}, nil)
	call := guardedServer(t, d)
	routes := slices.Collect(maps.Keys((&api{mint: d}).table()))
	routes = append(routes, "POST /v1/mint/{method}/{batch}") // NUT-29, see routes
	samples := strings.NewReplacer("{method}", "bolt11", "{batch}", "batch", "{id}", "q", "{$}", "")
	closed := 0
	for _, route := range routes {
		verb, path, _ := strings.Cut(samples.Replace(route), " ")
		status, answer := call(verb, path, "{}")
		needsLogin := status == 400 && strings.Contains(answer, `"code":30001`)
		if open := slices.Contains(openDoors, route); open == needsLogin {
			t.Errorf("%s: listed as open %v, and answers %d %s", route, open, status, answer)
		}
		if needsLogin {
			closed++
		}
	}
	if closed+len(openDoors) != len(routes) || closed < 14 {
		t.Errorf("of %d routes %d are closed", len(routes), closed)
	}
	if status, _ := call("HEAD", "/v1/mint/quote/bolt11/q", ""); status != 400 {
		t.Errorf("a look at the head only: %d", status)
	}
}

// What is not protected must not even be asked about.
func TestRoutesThatAreNotProtectedPayNothing(t *testing.T) {
	t.Parallel()
	d := &asking{newDoorkeeper(t, nil, []string{"POST /v1/swap"}), 0}
	h, _ := server(t, d, func(c *Config) { c.Logins = guests{} })
	ask(h, "POST", "/v1/checkstate", `{"Ys":[]}`)
	ask(h, "GET", "/v1/info", "")
	if d.asked != 0 {
		t.Errorf("asked %d times", d.asked)
	}
	if ask(h, "POST", "/v1/swap", emptySwap); d.asked != 1 {
		t.Errorf("about a protected route asked %d times", d.asked)
	}
}

type asking struct {
	*doorkeeper
	asked int
}

func (a *asking) Protection(method, path string) mint.Protection {
	a.asked++
	return a.doorkeeper.Protection(method, path)
}
