package gate

import (
	"net/http"
	"net/netip"
	"strings"
)

// proxies tell for whom they ask.
type proxies struct {
	trusted []netip.Prefix
	header  string
}

// client is the address that a request is counted under. It follows the proxies
// from the nearest one outwards, as long as each is trusted: every address in the
// header was written by the proxy to its right, so the first one that is not a
// trusted proxy is the client, and what stands to the left of it is only what that
// client claims. Where a proxy does not name an address, the proxy itself is
// counted: a lie makes nobody somebody else.
func (p proxies) client(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{} // no network: all such peers are one
	}
	at := canonical(peer.Addr())
	if !p.trusts(at) {
		return at
	}
	lines := r.Header.Values(p.header)
	for i := len(lines) - 1; i >= 0; i-- {
		rest := lines[i]
		for rest != "" {
			var element string
			rest, element = p.last(rest)
			next, ok := p.parse(element)
			if !ok {
				return at
			}
			at = next
			if !p.trusts(at) {
				return at
			}
		}
	}
	return at
}

func (p proxies) trusts(a netip.Addr) bool {
	for _, prefix := range p.trusted {
		if prefix.Contains(a) {
			return true
		}
	}
	return false
}

// last cuts the last element off a list. In Forwarded a comma may stand between
// quotes; they are counted from the right, because only what stands to the left
// may be a stranger's, with quotes that do not close.
func (p proxies) last(list string) (rest, element string) {
	quoted := false
	for i := len(list) - 1; i >= 0; i-- {
		switch {
		case list[i] == '"' && p.header == Forwarded:
			quoted = !quoted
		case list[i] == ',' && !quoted:
			return list[:i], list[i+1:]
		}
	}
	return "", list
}

// parse reads the address of one element, with or without a port.
func (p proxies) parse(element string) (netip.Addr, bool) {
	element = strings.TrimSpace(element)
	if p.header == Forwarded {
		var ok bool
		if element, ok = forNode(element); !ok {
			return netip.Addr{}, false
		}
	}
	if a, err := netip.ParseAddrPort(element); err == nil {
		return canonical(a.Addr()), true
	}
	element = strings.TrimSuffix(strings.TrimPrefix(element, "["), "]")
	a, err := netip.ParseAddr(element)
	if err != nil {
		return netip.Addr{}, false
	}
	return canonical(a), true
}

// forNode is the value of the one "for" of an element of Forwarded. Nothing in an
// address needs an escape or a semicolon, so none is understood.
func forNode(element string) (node string, found bool) {
	for pair := range strings.SplitSeq(element, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if !strings.EqualFold(name, "for") {
			continue
		}
		if found {
			return "", false
		}
		node, found = value, true
	}
	if quoted, ok := strings.CutPrefix(node, `"`); ok {
		node, found = strings.CutSuffix(quoted, `"`)
	}
	return node, found && !strings.ContainsAny(node, `"\`)
}

// canonical makes one address of the ways to write it.
func canonical(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// site is what is counted together: an address, or of IPv6 the network of 64 bits
// that every customer has at least, who could take a new address in it for each
// request.
func site(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // fails for no address, which is a site of its own
	return p
}

// Client is what counts as one client: an address, or a network of IPv6. It is the
// zero value when all clients would be this one: behind a proxy that does not say
// for whom it asks, and on the loopback of this machine.
func (g *Gate) Client(r *http.Request) netip.Prefix {
	a := g.proxies.client(r)
	if a.IsLoopback() || g.proxies.trusts(a) {
		return netip.Prefix{}
	}
	return site(a)
}
