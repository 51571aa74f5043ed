package server

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net"
	"strings"
)

// spkiPrefix stands before the pin of a key, in the clients file and in the log.
const spkiPrefix = "sha256:"

// pin is the SHA-256 of a certificate's SubjectPublicKeyInfo. It stays when the
// certificate is renewed with the same key.
type pin [sha256.Size]byte

func (p pin) String() string { return spkiPrefix + hex.EncodeToString(p[:]) }

func parsePin(s string) (pin, error) {
	text, ok := strings.CutPrefix(s, spkiPrefix)
	b, err := hex.DecodeString(text)
	if !ok || err != nil || len(b) != len(pin{}) {
		return pin{}, fmt.Errorf("%q is no pin: %s and 64 hexadecimal digits", s, spkiPrefix)
	}
	return pin(b), nil
}

// identity is what the transport proves about the other side, and nothing that
// the other side merely says. The common name of a certificate is not in it.
type identity struct {
	kind  identityKind
	pin   pin      // certificate
	names []string // certificate: its SANs, as in the clients file: "dns:…", "ip:…", "uri:…"
	uid   uint32   // socket
	gid   uint32   // socket: the primary group
	pid   int32    // socket: for the log, as pids are used again
}

type identityKind uint8

const (
	nobody      identityKind = iota // TCP without TLS, or a connection inside a test
	certificate                     // a client certificate of our authority
	socket                          // a process on this machine, as the kernel says
)

func certificateIdentity(c *x509.Certificate) identity {
	id := identity{kind: certificate, pin: sha256.Sum256(c.RawSubjectPublicKeyInfo)}
	for _, name := range c.DNSNames {
		id.names = append(id.names, "dns:"+strings.ToLower(name))
	}
	for _, ip := range c.IPAddresses {
		id.names = append(id.names, "ip:"+ip.String())
	}
	for _, uri := range c.URIs {
		id.names = append(id.names, "uri:"+uri.String())
	}
	return id
}

// parseName brings a SAN of the clients file into the form of an identity.
func parseName(s string) (string, error) {
	kind, value, _ := strings.Cut(s, ":")
	switch {
	case value == "":
	case kind == "dns" && !strings.ContainsAny(value, "* /:"):
		return "dns:" + strings.ToLower(value), nil
	case kind == "ip":
		if ip := net.ParseIP(value); ip != nil {
			return "ip:" + ip.String(), nil
		}
	case kind == "uri":
		return s, nil
	}
	return "", fmt.Errorf("%q is no name of a certificate: dns:NAME, ip:ADDRESS or uri:URI, without wildcards", s)
}

// String names the other side for the log and the operator.
func (id identity) String() string {
	switch id.kind {
	case certificate:
		if len(id.names) > 0 {
			return strings.Join(id.names, " ") + " " + id.pin.String()
		}
		return id.pin.String()
	case socket:
		return fmt.Sprintf("uid:%d gid:%d pid:%d", id.uid, id.gid, id.pid)
	}
	return "unidentified"
}

// short is a name for a line of the log, where there is no name of a client.
func (id identity) short() string {
	switch {
	case id.kind == certificate && len(id.names) > 0:
		_, name, _ := strings.Cut(id.names[0], ":")
		return name
	case id.kind == certificate:
		return id.pin.String()
	case id.kind == socket:
		return "unix"
	}
	return "unidentified"
}
