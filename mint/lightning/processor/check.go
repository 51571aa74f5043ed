package processor

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"mintmark/cashu"
	"mintmark/mint/lightning"
	pb "mintmark/proto/cdk_payment_processor"
)

// Use is what the processor is meant for: none is whatever it can.
type Use struct {
	Methods []string
	Units   []cashu.Unit
}

// certificateSoon is how long before its end a certificate is spoken of.
const certificateSoon = 30 * 24 * time.Hour

// Check looks at a processor as the mint will use it, and finds out what stands in the
// way. It orders nothing, makes no request and needs no journal. It does not listen to
// events: a processor may tell each to one listener only, and that is the running mint's.
func Check(ctx context.Context, c Config, use Use) (found lightning.Findings, err error) {
	if err := c.withDefaults(); err != nil {
		return nil, err
	}
	c.checkOurCertificate(&found)
	conn, err := c.dial()
	if err != nil {
		found.Add(lightning.Broken, "%v", err)
		return found, nil
	}
	defer conn.Close()
	b := &Backend{cfg: c, conn: conn, rpc: pb.NewCdkPaymentProcessorClient(conn), log: c.Logger}
	callCtx, cancel := context.WithTimeout(ctx, c.Deadline)
	defer cancel()
	var who peer.Peer
	answer, err := b.rpc.GetSettings(callCtx, &pb.EmptyRequest{}, grpc.Peer(&who))
	if err != nil {
		found.Add(lightning.Broken, "%s", c.unreachable(err))
		return found, nil
	}
	found.Add(lightning.Fine, "the processor answers at %s, in version %s of the contract", c.Address, protocolVersion)
	c.checkItsCertificate(who, &found)
	s, err := b.parseSettings(answer)
	if err != nil {
		found.Add(lightning.Broken, "what it can do cannot be used: %v", err)
		return found, nil
	}
	s.check(use, &found)
	b.checkUnknown(ctx, &found)
	if c.AtMostOnce {
		found.Add(lightning.Fine, "at_most_once is said: that it pays no quote twice, also after a crash, is its promise and cannot be looked at")
	}
	return found, nil
}

// unreachable says why the first call failed.
func (c Config) unreachable(err error) string {
	text := failed(err).Error()
	switch {
	case status.Code(err) != codes.Unavailable:
		return "it answers, and not as a payment processor should: " + text
	case strings.Contains(text, "tls:") || strings.Contains(text, "x509:") || strings.Contains(text, "handshake"):
		return "no safe connection to " + c.Address + ": are the certificates of " + c.TLSDir + " and its own of one authority, and is server_name the name in its own? " + text
	}
	return "it cannot be reached at " + c.Address + ": " + text
}

// checkOurCertificate looks when the certificate ends that the processor is shown.
func (c Config) checkOurCertificate(found *lightning.Findings) {
	if c.TLSDir == "" {
		if c.Insecure {
			found.Add(lightning.Doubtful, "insecure is said: whoever is on this machine can listen and speak for the processor")
		}
		return
	}
	text, err := os.ReadFile(filepath.Join(c.TLSDir, "client.pem"))
	if err != nil {
		return // dial says so
	}
	if block, _ := pem.Decode(text); block != nil {
		if cert, err := x509.ParseCertificate(block.Bytes); err == nil {
			c.checkEnd("the certificate client.pem", cert, found)
		}
	}
}

func (c Config) checkItsCertificate(who peer.Peer, found *lightning.Findings) {
	if info, ok := who.AuthInfo.(credentials.TLSInfo); ok && len(info.State.PeerCertificates) > 0 {
		c.checkEnd("the processor's certificate", info.State.PeerCertificates[0], found)
	}
}

func (c Config) checkEnd(what string, cert *x509.Certificate, found *lightning.Findings) {
	end := cert.NotAfter.UTC().Format(time.DateOnly)
	switch left := cert.NotAfter.Sub(c.Clock()); {
	case left <= 0:
		found.Add(lightning.Broken, "%s has ended on %s", what, end)
	case left < certificateSoon:
		found.Add(lightning.Doubtful, "%s ends on %s", what, end)
	default:
		found.Add(lightning.Fine, "%s is good until %s", what, end)
	}
}

// check compares what the processor can do with what it is meant for.
func (s *settings) check(use Use, found *lightning.Findings) {
	methods := s.methods()
	found.Add(lightning.Fine, "it takes in and pays %s by %s", s.unit, strings.Join(methods, ", "))
	if len(methods) == 0 {
		found.Add(lightning.Broken, "it has no method that can be used")
	}
	for _, m := range use.Methods {
		if !slices.Contains(methods, m) {
			found.Add(lightning.Broken, "the configuration uses it for method %s, which it does not have", m)
		}
	}
	for _, u := range use.Units {
		if u != s.unit {
			found.Add(lightning.Broken, "the configuration uses it for unit %s, and it counts %s", u, s.unit)
		}
	}
}

// checkUnknown asks for a payment that never was. A processor that calls that failed
// cannot be believed about those that were, and one that calls it paid even less.
func (b *Backend) checkUnknown(ctx context.Context, found *lightning.Findings) {
	identifier, err := readIdentifier(quoteIdentifier("mintd-check-" + rand.Text()))
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, b.cfg.Deadline)
	defer cancel()
	answer, err := b.rpc.CheckOutgoingPayment(ctx, &pb.CheckOutgoingPaymentRequest{RequestIdentifier: identifier})
	said := answer.GetStatus()
	switch {
	case err != nil:
		found.Add(lightning.Doubtful, "asked for a payment that never was it gives an error, so a melt whose order was lost waits for you: %v", failed(err))
	case said == pb.QuoteState_QUOTE_STATE_PAID, said == pb.QuoteState_QUOTE_STATE_FAILED:
		found.Add(lightning.Broken, "asked for a payment that never was it says %s: it cannot be believed about others", said)
	case said == pb.QuoteState_QUOTE_STATE_UNKNOWN:
		found.Add(lightning.Fine, "asked for a payment that never was it says that it knows none")
	default:
		found.Add(lightning.Doubtful, "asked for a payment that never was it says %s, so a melt whose order was lost waits for you", said)
	}
}
