package server

import (
	"context"
	"encoding/hex"
	"path"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"mintmark/cashu"
	pb "mintmark/proto/signatory"
)

// Meter counts what the server does. What it is told is bounded: methods, reasons
// and keysets that exist, never what a client has made up.
type Meter interface {
	// Called: a call of this method ended. reason is empty for one that was
	// answered, else why it was not: a code of gRPC, or "nut" and a code of the
	// NUTs.
	Called(method, reason string, took time.Duration)
	// Signed: signatures of this keyset left, over this value together.
	Signed(keyset string, signatures int, value cashu.Amount)
	// Reloaded: certificates and clients were read again.
	Reloaded(ok bool)
}

// silent is the Meter where nobody counts.
type silent struct{}

func (silent) Called(string, string, time.Duration) {}

func (silent) Signed(string, int, cashu.Amount) {}

func (silent) Reloaded(bool) {}

func (a around) meterCall(ctx context.Context, in any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	started := time.Now()
	out, err := next(ctx, in)
	reason := ""
	if refusal := inBandError(out); err != nil {
		reason = status.Code(err).String()
	} else if refusal != nil {
		reason = "nut" + strconv.FormatUint(uint64(refusal.GetNutCode()), 10)
	}
	a.meter.Called(path.Base(info.FullMethod), reason, time.Since(started))
	if messages, ok := in.(*pb.BlindedMessages); ok && reason == "" {
		a.meterSigned(messages)
	}
	return out, err
}

// meterSigned adds up what was signed: the keysets exist, and the sum of what is on
// one call fits, or it would not have been signed.
func (a around) meterSigned(in *pb.BlindedMessages) {
	type sum struct {
		n     int
		value cashu.Amount
	}
	sums := map[string]sum{}
	for _, m := range in.GetBlindedMessages() {
		s := sums[string(m.GetKeysetId())]
		total, err := s.value.Add(cashu.Amount(m.GetAmount()))
		if err != nil {
			return
		}
		sums[string(m.GetKeysetId())] = sum{s.n + 1, total}
	}
	for id, s := range sums {
		a.meter.Signed(hex.EncodeToString([]byte(id)), s.n, s.value)
	}
}

func (a around) meterStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	err := next(srv, stream)
	// How long a subscription lived says nothing about how quick we are.
	a.meter.Called(path.Base(info.FullMethod), status.Code(err).String(), 0)
	return err
}
