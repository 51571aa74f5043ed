package gate

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func prefixes(list ...string) (all []netip.Prefix) {
	for _, s := range list {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}

func request(remote, header string, lines ...string) *http.Request {
	r := &http.Request{RemoteAddr: remote, Header: http.Header{}}
	for _, line := range lines {
		r.Header.Add(header, line)
	}
	return r
}

func TestTheClientIsTheFirstWhomNoProxyVouchesFor(t *testing.T) {
	t.Parallel()
	trusted := prefixes("10.0.0.0/8", "::1/128", "fd00::/8")
	for _, tt := range []struct {
		name, remote, header string
		lines                []string
		want                 string
	}{
		{"a stranger", "192.0.2.1:5", XForwardedFor, nil, "192.0.2.1"},
		{"a stranger who says that he is another", "192.0.2.1:5", XForwardedFor, []string{"198.51.100.7"}, "192.0.2.1"},
		{"a stranger who says that he is a proxy", "192.0.2.1:5", XForwardedFor, []string{"10.0.0.1"}, "192.0.2.1"},
		{"a proxy's client", "10.0.0.1:5", XForwardedFor, []string{"198.51.100.7"}, "198.51.100.7"},
		{"a client who claims another address", "10.0.0.1:5", XForwardedFor, []string{"203.0.113.9, 198.51.100.7"}, "198.51.100.7"},
		{"a client who claims one in a line of its own", "10.0.0.1:5", XForwardedFor, []string{"203.0.113.9", "198.51.100.7"}, "198.51.100.7"},
		{"a client who claims a proxy's address", "10.0.0.1:5", XForwardedFor, []string{"10.0.0.9,198.51.100.7"}, "198.51.100.7"},
		{"two proxies", "10.0.0.1:5", XForwardedFor, []string{"203.0.113.9, 198.51.100.7 , 10.0.0.2"}, "198.51.100.7"},
		{"proxies only", "10.0.0.1:5", XForwardedFor, []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"a proxy that says nothing", "10.0.0.1:5", XForwardedFor, nil, "10.0.0.1"},
		{"a proxy that names nobody", "10.0.0.1:5", XForwardedFor, []string{"198.51.100.7, unknown"}, "10.0.0.1"},
		{"an empty element", "10.0.0.1:5", XForwardedFor, []string{"198.51.100.7,"}, "10.0.0.1"},
		{"with a port", "10.0.0.1:5", XForwardedFor, []string{"198.51.100.7:1234"}, "198.51.100.7"},
		{"IPv6 with a port", "[::1]:5", XForwardedFor, []string{"[2001:db8::7]:1234"}, "2001:db8::7"},
		{"IPv6 in brackets", "[::1]:5", XForwardedFor, []string{"[2001:db8::7]"}, "2001:db8::7"},
		{"IPv4 in IPv6", "[::ffff:10.0.0.1]:5", XForwardedFor, []string{"::ffff:198.51.100.7"}, "198.51.100.7"},
		{"a zone", "[fd00::1%eth0]:5", XForwardedFor, []string{"fe80::1%eth1"}, "fe80::1"},
		{"the other header", "10.0.0.1:5", Forwarded, []string{"for=198.51.100.7;proto=https;by=10.0.0.1"}, "198.51.100.7"},
		{"any case, quoted", "10.0.0.1:5", Forwarded, []string{`FOR="[2001:db8::7]:1234"`}, "2001:db8::7"},
		{"two elements", "10.0.0.1:5", Forwarded, []string{`for=203.0.113.9, for="198.51.100.7"`}, "198.51.100.7"},
		{"a comma between quotes", "10.0.0.1:5", Forwarded, []string{`for=198.51.100.7;ext="a,for=203.0.113.9"`}, "198.51.100.7"},
		{"a client's quote that does not close", "10.0.0.1:5", Forwarded, []string{`for=203.0.113.9;x=", for=198.51.100.7`}, "198.51.100.7"},
		{"and a proxy that quotes", "10.0.0.1:5", Forwarded, []string{`for=203.0.113.9;x=", for="198.51.100.7"`}, "198.51.100.7"},
		{"an obfuscated name", "10.0.0.1:5", Forwarded, []string{"for=_hidden"}, "10.0.0.1"},
		{"for nobody", "10.0.0.1:5", Forwarded, []string{"proto=https"}, "10.0.0.1"},
		{"for two", "10.0.0.1:5", Forwarded, []string{"for=198.51.100.7;for=203.0.113.9"}, "10.0.0.1"},
		{"an escape", "10.0.0.1:5", Forwarded, []string{`for="198.51.100.7\"`}, "10.0.0.1"},
	} {
		p := proxies{trusted: trusted, header: tt.header}
		if got := p.client(request(tt.remote, tt.header, tt.lines...)); got != netip.MustParseAddr(tt.want) {
			t.Errorf("%s: the client is %v, want %s", tt.name, got, tt.want)
		}
	}
}

func TestTheHeaderThatTheProxiesDoNotSetIsNotRead(t *testing.T) {
	t.Parallel()
	trusted := prefixes("10.0.0.0/8")
	got := proxies{trusted, Forwarded}.client(request("10.0.0.1:5", XForwardedFor, "203.0.113.9"))
	other := proxies{trusted, XForwardedFor}.client(request("10.0.0.1:5", Forwarded, "for=203.0.113.9"))
	if want := netip.MustParseAddr("10.0.0.1"); got != want || other != want {
		t.Errorf("clients are %v and %v, want the proxy", got, other)
	}
}

func TestAConnectionWithoutAnAddressIsOneClient(t *testing.T) {
	t.Parallel()
	if a := (proxies{}).client(request("@", XForwardedFor, "203.0.113.9")); a.IsValid() {
		t.Errorf("the client is %v", a)
	}
}

func TestANetworkOfIPv6IsCountedAsOne(t *testing.T) {
	t.Parallel()
	for a, want := range map[string]string{
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"198.51.100.7":         "198.51.100.7/32",
	} {
		if got := site(netip.MustParseAddr(a)); got != netip.MustParsePrefix(want) {
			t.Errorf("%s is counted as %v, want %s", a, got, want)
		}
	}
}

func TestAClientIsNotKnownWhereEverybodyMightBeIt(t *testing.T) {
	t.Parallel()
	g := newGate(t, Config{Proxies: prefixes("10.0.0.0/8")})
	for _, tt := range []struct{ remote, told, want string }{
		{"203.0.113.9:1", "198.51.100.7", "203.0.113.9/32"},
		{"10.0.0.1:1", "198.51.100.7", "198.51.100.7/32"},
		{"10.0.0.1:1", "2001:db8::1:2:3:4", "2001:db8::/64"},
		{"10.0.0.1:1", "unknown", "invalid Prefix"},
		{"10.0.0.1:1", "", "invalid Prefix"},
		{"127.0.0.1:1", "198.51.100.7", "invalid Prefix"}, // no proxy that we were told of
		{"@", "198.51.100.7", "invalid Prefix"},
	} {
		if got := g.Client(request(tt.remote, XForwardedFor, tt.told)).String(); got != tt.want {
			t.Errorf("%s for %q: %s, want %s", tt.remote, tt.told, got, tt.want)
		}
	}
}

// Whatever a client sends, the proxy appends who it is, and that is what counts.
func FuzzNobodyBecomesSomebodyElse(f *testing.F) {
	for _, s := range []string{"", "203.0.113.9", `for="`, `"`, `for=a;x=","`, "10.0.0.2", ", ,", `for="\"`, "[", "::", "for=10.0.0.2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, claim string) {
		if strings.ContainsAny(claim, "\r\n") {
			t.Skip("no header can hold it")
		}
		real := netip.MustParseAddr("198.51.100.7")
		for header, forms := range map[string][]string{
			XForwardedFor: {"198.51.100.7", "198.51.100.7, 10.0.0.9"},
			Forwarded:     {"for=198.51.100.7", `for="198.51.100.7:80";by="[fd00::1]"`, `for=198.51.100.7, for="10.0.0.9"`},
		} {
			p := proxies{trusted: prefixes("10.0.0.0/8"), header: header}
			for _, form := range forms {
				for _, r := range []*http.Request{
					request("10.0.0.1:5", header, claim+", "+form),
					request("10.0.0.1:5", header, claim, form),
				} {
					if got := p.client(r); got != real {
						t.Errorf("%s %q: the client is %v", header, r.Header[header], got)
					}
				}
			}
		}
	})
}
