package signatory

import (
	"context"
	"encoding/hex"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"

	"mintmark/bdhke"
	"mintmark/cashu"
	pb "mintmark/proto/signatory"
	"mintmark/signatory/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scripted is a signatory that says what it is told to.
type scripted struct {
	pb.UnimplementedSignatoryServer
	sign      func(context.Context, *pb.BlindedMessages) (*pb.BlindSignResponse, error)
	verify    func(context.Context, *pb.Proofs) (*pb.BooleanResponse, error)
	keysets   func(context.Context) (*pb.KeysResponse, error)
	subscribe func(grpc.ServerStreamingServer[pb.KeysResponse]) error
	rotate    func(context.Context, *pb.RotationRequest) (*pb.KeyRotationResponse, error)
}

func (s *scripted) BlindSign(ctx context.Context, in *pb.BlindedMessages) (*pb.BlindSignResponse, error) {
	return s.sign(ctx, in)
}

func (s *scripted) VerifyProofs(ctx context.Context, in *pb.Proofs) (*pb.BooleanResponse, error) {
	return s.verify(ctx, in)
}

func (s *scripted) Keysets(ctx context.Context, _ *pb.EmptyRequest) (*pb.KeysResponse, error) {
	return s.keysets(ctx)
}

func (s *scripted) SubscribeKeysets(_ *pb.EmptyRequest, stream grpc.ServerStreamingServer[pb.KeysResponse]) error {
	return s.subscribe(stream)
}

func (s *scripted) RotateKeyset(ctx context.Context, in *pb.RotationRequest) (*pb.KeyRotationResponse, error) {
	return s.rotate(ctx, in)
}

// connect serves s over memory and returns a client of it.
func connect(t testing.TB, s *scripted, cfg ClientConfig) *Client {
	t.Helper()
	ln := bufconn.Listen(1 << 20)
	g := grpc.NewServer()
	pb.RegisterSignatoryServer(g, s)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = g.Serve(ln)
	}()
	cfg.Dialer = func(ctx context.Context) (net.Conn, error) { return ln.DialContext(ctx) }
	c, err := Dial(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Close()
		g.Stop()
		<-done
	})
	return c
}

// The keys, signature and DLEQ proof of the NUT-12 vectors: private key 2.
const (
	hexA = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5"
	hexB = "02a9acc1e48c25eeeb9289b5031cc57da9fe72f3fe2861d264bdc074209b107ba2"
	hexC = "0244eccfc7a348274458bb38044c7f3c389b3c2086c7ec18b5812d2877ab937787"
	hexE = "2a16ffee280aff3c429045607f9b8e0bf8b35910c44c1b20b9dfaf01b263d7b3"
	hexS = "9df27731238334718d120d4f74611a7c668233f988e687ac3fb188f0a34a2dab"
	hexG = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
)

func point(t testing.TB, s string) bdhke.Point {
	t.Helper()
	p, err := bdhke.ParsePointHex(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func bytes32(t testing.TB, s string) [32]byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return [32]byte(b)
}

func keyset(t testing.TB) cashu.Keyset {
	t.Helper()
	keys, err := cashu.NewKeys(map[cashu.Amount]bdhke.Point{8: point(t, hexA), 16: point(t, hexG)})
	if err != nil {
		t.Fatal(err)
	}
	return cashu.Keyset{ID: cashu.DeriveKeysetIDV2(keys, "sat", 0, 0), Unit: "sat", Active: true, Keys: keys}
}

func snapshotResponse(t testing.TB, epoch uint64, keysets ...cashu.Keyset) *pb.KeysResponse {
	t.Helper()
	return &pb.KeysResponse{Keysets: wire.Snapshot(point(t, hexG), epoch, keysets)}
}

func message(t testing.TB) cashu.BlindedMessage {
	return cashu.BlindedMessage{Amount: 8, ID: keyset(t).ID, B: point(t, hexB)}
}

func signature(t testing.TB) cashu.BlindSignature {
	return cashu.BlindSignature{
		Amount: 8, ID: keyset(t).ID, C: point(t, hexC),
		DLEQ: &bdhke.DLEQ{E: bytes32(t, hexE), S: bytes32(t, hexS)},
	}
}

// signAll answers every message with the one signature there is.
func signAll(t testing.TB) func(context.Context, *pb.BlindedMessages) (*pb.BlindSignResponse, error) {
	one := wire.BlindSignatures([]cashu.BlindSignature{signature(t)}).GetBlindSignatures()[0]
	return func(_ context.Context, in *pb.BlindedMessages) (*pb.BlindSignResponse, error) {
		out := &pb.BlindSignatures{}
		for range in.GetBlindedMessages() {
			out.BlindSignatures = append(out.BlindSignatures, proto.CloneOf(one))
		}
		return &pb.BlindSignResponse{Sigs: out}, nil
	}
}

func TestBlindSignReturnsWhatTheSignatorySigned(t *testing.T) {
	t.Parallel()
	s := &scripted{}
	s.sign = func(ctx context.Context, in *pb.BlindedMessages) (*pb.BlindSignResponse, error) {
		if md, _ := metadata.FromIncomingContext(ctx); len(md.Get("x-signatory-schema-version")) != 1 || md.Get("x-signatory-schema-version")[0] != "2" {
			t.Errorf("header is %q", md.Get("x-signatory-schema-version"))
		}
		if _, ok := ctx.Deadline(); !ok {
			t.Error("the call has no deadline")
		}
		return signAll(t)(ctx, in)
	}
	got, err := connect(t, s, ClientConfig{}).BlindSign(t.Context(), []cashu.BlindedMessage{message(t)})
	if err != nil || len(got) != 1 || got[0].C != point(t, hexC) || *got[0].DLEQ != *signature(t).DLEQ {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestBlindSignDropsAnswersThatDoNotFit(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*pb.BlindSignResponse){
		"nothing at all":        func(r *pb.BlindSignResponse) { r.Sigs = nil },
		"one signature too few": func(r *pb.BlindSignResponse) { r.Sigs.BlindSignatures = r.Sigs.BlindSignatures[:1] },
		"one signature too many": func(r *pb.BlindSignResponse) {
			r.Sigs.BlindSignatures = append(r.Sigs.BlindSignatures, r.Sigs.BlindSignatures[0])
		},
		"another amount":        func(r *pb.BlindSignResponse) { r.Sigs.BlindSignatures[1].Amount = 16 },
		"another keyset":        func(r *pb.BlindSignResponse) { r.Sigs.BlindSignatures[1].KeysetId = make([]byte, 8) },
		"a malformed keyset id": func(r *pb.BlindSignResponse) { r.Sigs.BlindSignatures[1].KeysetId = []byte{9} },
		"no point":              func(r *pb.BlindSignResponse) { r.Sigs.BlindSignatures[1].BlindedSecret = nil },
		"a point off the curve": func(r *pb.BlindSignResponse) { r.Sigs.BlindSignatures[1].BlindedSecret[0] = 5 },
		"the message itself":    func(r *pb.BlindSignResponse) { r.Sigs.BlindSignatures[1].BlindedSecret, _ = hex.DecodeString(hexB) },
		"no DLEQ proof":         func(r *pb.BlindSignResponse) { r.Sigs.BlindSignatures[1].Dleq = nil },
		"half a DLEQ proof":     func(r *pb.BlindSignResponse) { r.Sigs.BlindSignatures[1].Dleq.S = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &scripted{sign: func(ctx context.Context, in *pb.BlindedMessages) (*pb.BlindSignResponse, error) {
				r, _ := signAll(t)(ctx, in)
				spoil(r)
				return r, nil
			}}
			got, err := connect(t, s, ClientConfig{}).BlindSign(t.Context(), []cashu.BlindedMessage{message(t), message(t)})
			if !errors.Is(err, ErrBadAnswer) || got != nil {
				t.Fatalf("%v, %v", got, err)
			}
		})
	}
}

func TestBlindSignVerifiesDLEQWhenAsked(t *testing.T) {
	t.Parallel()
	lie := func(ctx context.Context, in *pb.BlindedMessages) (*pb.BlindSignResponse, error) {
		r, err := signAll(t)(ctx, in)
		for _, s := range r.GetSigs().GetBlindSignatures() {
			s.BlindedSecret, _ = hex.DecodeString(hexG)
		}
		return r, err
	}
	list := func(context.Context) (*pb.KeysResponse, error) { return snapshotResponse(t, 1, keyset(t)), nil }
	empty := func(context.Context) (*pb.KeysResponse, error) { return snapshotResponse(t, 1), nil }
	for name, test := range map[string]struct {
		check DLEQCheck
		s     *scripted
		bad   bool
	}{
		"not asked, a lie passes":   {DLEQPresent, &scripted{sign: lie}, false},
		"a sample finds a lie":      {DLEQSample, &scripted{sign: lie, keysets: list}, true},
		"every finds a lie":         {DLEQEvery, &scripted{sign: lie, keysets: list}, true},
		"a sample of the truth":     {DLEQSample, &scripted{sign: signAll(t), keysets: list}, false},
		"every one of the truth":    {DLEQEvery, &scripted{sign: signAll(t), keysets: list}, false},
		"a keyset that is not told": {DLEQEvery, &scripted{sign: signAll(t), keysets: empty}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := connect(t, test.s, ClientConfig{DLEQ: test.check})
			_, err := c.BlindSign(t.Context(), []cashu.BlindedMessage{message(t), message(t)})
			if test.bad != errors.Is(err, ErrBadAnswer) || (!test.bad && err != nil) {
				t.Fatal(err)
			}
		})
	}
}

func TestOversizedAndEmptyCallsNeverLeave(t *testing.T) {
	t.Parallel()
	c := connect(t, &scripted{}, ClientConfig{}) // a call would panic on the server
	if got, err := c.BlindSign(t.Context(), nil); got != nil || err != nil {
		t.Errorf("no messages: %v, %v", got, err)
	}
	if _, err := c.BlindSign(t.Context(), make([]cashu.BlindedMessage, MaxItems+1)); !errors.Is(err, cashu.ErrTooManyOutputs) {
		t.Errorf("too many messages: %v", err)
	}
	if err := c.VerifyProofs(t.Context(), nil); !errors.Is(err, ErrRefused) {
		t.Errorf("no proofs: %v", err)
	}
	if err := c.VerifyProofs(t.Context(), make([]cashu.Proof, MaxItems+1)); !errors.Is(err, cashu.ErrTooManyInputs) {
		t.Errorf("too many proofs: %v", err)
	}
}

func TestVerifyProofsNeedsSuccessAndNoError(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer *pb.BooleanResponse
		want   error
	}{
		"valid":                     {&pb.BooleanResponse{Success: true}, nil},
		"not valid":                 {&pb.BooleanResponse{}, cashu.ErrProofInvalid},
		"an error beside a success": {&pb.BooleanResponse{Success: true, Error: &pb.Error{Code: 5}}, cashu.ErrKeysetInactive},
		"duplicates":                {&pb.BooleanResponse{Error: &pb.Error{Code: 2}}, cashu.ErrDuplicateInputs},
		"an expired keyset":         {&pb.BooleanResponse{Error: wire.Error(cashu.ErrKeysetExpired)}, cashu.ErrKeysetExpired},
		"an unspecified error":      {&pb.BooleanResponse{Error: &pb.Error{Detail: "database is gone"}}, ErrRefused},
		"an error of the future":    {&pb.BooleanResponse{Error: &pb.Error{Code: 999}}, ErrRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &scripted{verify: func(context.Context, *pb.Proofs) (*pb.BooleanResponse, error) { return test.answer, nil }}
			err := connect(t, s, ClientConfig{}).VerifyProofs(t.Context(), []cashu.Proof{{Amount: 8, ID: keyset(t).ID, Secret: "s", C: point(t, hexC)}})
			if !errors.Is(err, test.want) {
				t.Fatalf("%v, want %v", err, test.want)
			}
		})
	}
}

func TestStatusesTellAwayFromRefused(t *testing.T) {
	t.Parallel()
	for code, want := range map[codes.Code]error{
		codes.Unavailable:        ErrUnavailable,
		codes.FailedPrecondition: ErrUnavailable, // another version
		codes.PermissionDenied:   ErrUnavailable,
		codes.Unauthenticated:    ErrUnavailable,
		codes.Unimplemented:      ErrUnavailable,
		codes.ResourceExhausted:  ErrUnavailable,
		codes.Canceled:           ErrUnavailable, // by the server; we did not
		codes.InvalidArgument:    ErrRefused,
		codes.Internal:           ErrRefused,
		codes.Unknown:            ErrRefused,
	} {
		t.Run(code.String(), func(t *testing.T) {
			t.Parallel()
			s := &scripted{keysets: func(context.Context) (*pb.KeysResponse, error) { return nil, status.Error(code, "because") }}
			_, err := connect(t, s, ClientConfig{}).Keysets(t.Context())
			if !errors.Is(err, want) || !strings.Contains(err.Error(), "because") {
				t.Fatalf("%v, want %v", err, want)
			}
		})
	}
}

func TestAHangingSignatoryIsUnavailableAfterTheDeadline(t *testing.T) {
	t.Parallel()
	s := &scripted{keysets: func(ctx context.Context) (*pb.KeysResponse, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	_, err := connect(t, s, ClientConfig{Deadline: 50 * time.Millisecond}).Keysets(t.Context())
	if !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
}

func TestACallerThatGivesUpGetsItsOwnError(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := &scripted{keysets: func(server context.Context) (*pb.KeysResponse, error) {
		cancel()
		<-server.Done()
		return nil, server.Err()
	}}
	_, err := connect(t, s, ClientConfig{}).Keysets(ctx)
	if !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnavailable) {
		t.Fatal(err)
	}
}

func TestRotateKeysetChecksThatItGotWhatItAskedFor(t *testing.T) {
	t.Parallel()
	want := keyset(t)
	ask := RotateRequest{Unit: "sat", Amounts: []cashu.Amount{8, 16}, IDVersion: cashu.V2}
	s := &scripted{rotate: func(_ context.Context, in *pb.RotationRequest) (*pb.KeyRotationResponse, error) {
		if in.GetKeysetIdType() != pb.KeysetVersion_KEYSET_VERSION_V2 || in.FinalExpiry != nil || in.GetUnit().GetUnit() != pb.CurrencyUnitType_CURRENCY_UNIT_TYPE_SAT {
			t.Errorf("asked for %v", in)
		}
		return &pb.KeyRotationResponse{Keyset: wire.Keyset(want)}, nil
	}}
	got, err := connect(t, s, ClientConfig{}).RotateKeyset(t.Context(), ask)
	if err != nil || got.ID != want.ID {
		t.Fatalf("%+v, %v", got, err)
	}
	for name, change := range map[string]func(*RotateRequest, *cashu.Keyset){
		"an inactive keyset":    func(_ *RotateRequest, k *cashu.Keyset) { k.Active = false },
		"another unit":          func(r *RotateRequest, _ *cashu.Keyset) { r.Unit = "usd" },
		"another fee":           func(r *RotateRequest, _ *cashu.Keyset) { r.InputFeePPK = 1 },
		"another expiry":        func(r *RotateRequest, _ *cashu.Keyset) { r.FinalExpiry = 1 },
		"other amounts":         func(r *RotateRequest, _ *cashu.Keyset) { r.Amounts = []cashu.Amount{8} },
		"another version of id": func(r *RotateRequest, _ *cashu.Keyset) { r.IDVersion = cashu.V1 },
	} {
		r, k := ask, want
		change(&r, &k)
		if err := asRequested(r, k); err == nil {
			t.Errorf("accepted: %s", name)
		}
	}
}
