package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"mintmark/cashu"
	"mintmark/internal/requestid"
	"mintmark/internal/traceparent"
	"mintmark/keystore"
	pb "mintmark/proto/signatory"
	"mintmark/signatory"
	"mintmark/signatory/internal/wire"
)

func TestTheVersionHeader(t *testing.T) {
	t.Parallel()
	ks := newFake(t, keyset(t, 0, 0))
	_, conn := inMemory(t, Config{Keystore: ks})
	c := pb.NewSignatoryClient(conn)
	subscribe := func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		stream, err := c.SubscribeKeysets(ctx, &pb.EmptyRequest{})
		if err != nil {
			return err
		}
		_, err = stream.Recv()
		return err
	}
	unary := func(ctx context.Context) error {
		_, err := c.Keysets(ctx, &pb.EmptyRequest{})
		return err
	}
	twice := versioned(versioned(t.Context(), "2"), "2")
	for _, test := range []struct {
		name string
		call func(context.Context) error
		ctx  context.Context
		ok   bool
	}{
		{"version 1 may call", unary, versioned(t.Context(), "1"), true},
		{"version 2 may call", unary, versioned(t.Context(), "2"), true},
		{"version 3 may not", unary, versioned(t.Context(), "3"), false},
		{"version 02 may not", unary, versioned(t.Context(), "02"), false},
		{"nothing may not", unary, t.Context(), false},
		{"an empty version may not", unary, versioned(t.Context(), ""), false},
		{"two versions may not", unary, twice, false},
		{"version 1 may not subscribe", subscribe, versioned(t.Context(), "1"), false},
		{"version 2 may subscribe", subscribe, versioned(t.Context(), "2"), true},
		{"nothing may not subscribe", subscribe, t.Context(), false},
	} {
		err := test.call(test.ctx)
		switch {
		case test.ok && err != nil:
			t.Errorf("%s: %v", test.name, err)
		case !test.ok && (status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "x-signatory-schema-version")):
			t.Errorf("%s: %v", test.name, err)
		}
	}
	if _, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{}); err != nil {
		t.Errorf("health asks for the header: %v", err)
	}
}

func TestRefusalsTravelInBand(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		err  error
		code pb.ErrorCode
		nut  cashu.Code
		text string
	}{
		{"an unknown keyset", cashu.Errorf(cashu.CodeKeysetUnknown, "keyset 00 is not known"), 4, 12001, "keyset 00 is not known"},
		{"an inactive keyset", cashu.ErrKeysetInactive, 5, 12002, "inactive"},
		{"an expired keyset", cashu.ErrKeysetExpired, 0, 12003, "expired"},
		{"duplicate outputs, which CDK calls inputs", cashu.ErrDuplicateOutputs, 2, 11008, "duplicate outputs"},
		{"duplicate inputs", cashu.ErrDuplicateInputs, 2, 11007, "duplicate inputs"},
		{"an amount out of range", cashu.ErrAmountOutOfRange, 1, 11006, "out of range"},
		{"a wrapped refusal", fmt.Errorf("signing: %w", cashu.ErrKeysetInactive), 5, 12002, "inactive"},
		{"a refused rotation", fmt.Errorf("%w: an amount is zero", keystore.ErrRefused), 0, 0, "an amount is zero"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ks := newFake(t, keyset(t, 0, 0))
			ks.sign = func(context.Context, []cashu.BlindedMessage) ([]cashu.BlindSignature, error) { return nil, test.err }
			ks.verify = func(context.Context, []cashu.Proof) error { return test.err }
			ks.rotate = func(context.Context, keystore.RotateParams) (cashu.Keyset, error) { return cashu.Keyset{}, test.err }
			_, conn := inMemory(t, Config{Keystore: ks})
			c, ctx := pb.NewSignatoryClient(conn), versioned(t.Context(), "2")
			signed, err := c.BlindSign(ctx, oneMessage(t))
			check := func(what string, got *pb.Error, err error) {
				t.Helper()
				if err != nil || got.GetCode() != test.code || cashu.Code(got.GetNutCode()) != test.nut || !strings.Contains(got.GetDetail(), test.text) {
					t.Errorf("%s: %v, %v", what, got, err)
				}
			}
			check("BlindSign", signed.GetError(), err)
			if signed.GetSigs() != nil {
				t.Error("there are signatures beside the error")
			}
			verified, err := c.VerifyProofs(ctx, oneProof(t))
			check("VerifyProofs", verified.GetError(), err)
			if verified.GetSuccess() {
				t.Error("success beside the error")
			}
			rotated, err := c.RotateKeyset(ctx, rotationCall())
			check("RotateKeyset", rotated.GetError(), err)
		})
	}
}

func oneMessage(t testing.TB) *pb.BlindedMessages {
	return wire.BlindedMessages([]cashu.BlindedMessage{{Amount: 8, ID: keyset(t, 0, 0).ID, B: point(t, hexB)}})
}

func oneProof(t testing.TB) *pb.Proofs {
	return wire.Proofs([]cashu.Proof{{Amount: 8, ID: keyset(t, 0, 0).ID, Secret: "secret", C: point(t, hexB)}})
}

func rotationCall() *pb.RotationRequest {
	return &pb.RotationRequest{Unit: wire.Unit("sat"), KeysetIdType: pb.KeysetVersion_KEYSET_VERSION_V2}
}

func TestAnInvalidProofIsNoError(t *testing.T) {
	t.Parallel()
	ks := newFake(t)
	ks.verify = func(context.Context, []cashu.Proof) error { return fmt.Errorf("verifying: %w", cashu.ErrProofInvalid) }
	_, conn := inMemory(t, Config{Keystore: ks})
	got, err := pb.NewSignatoryClient(conn).VerifyProofs(versioned(t.Context(), "2"), oneProof(t))
	if err != nil || got.GetSuccess() || got.GetError() != nil {
		t.Fatalf("%v, %v", got, err)
	}
}

func TestWhatMeansNothingIsAnInvalidArgument(t *testing.T) {
	t.Parallel()
	_, conn := inMemory(t, Config{Keystore: newFake(t)}) // whatever gets through panics
	c, ctx := pb.NewSignatoryClient(conn), versioned(t.Context(), "2")
	messages := func(spoil func(*pb.BlindedMessage)) func() error {
		return func() error {
			in := oneMessage(t)
			spoil(in.GetBlindedMessages()[0])
			_, err := c.BlindSign(ctx, in)
			return err
		}
	}
	proofs := func(spoil func(*pb.Proof)) func() error {
		return func() error {
			in := oneProof(t)
			spoil(in.GetProof()[0])
			_, err := c.VerifyProofs(ctx, in)
			return err
		}
	}
	rotate := func(spoil func(*pb.RotationRequest)) func() error {
		return func() error {
			in := rotationCall()
			spoil(in)
			_, err := c.RotateKeyset(ctx, in)
			return err
		}
	}
	for name, call := range map[string]func() error{
		"a B_ of 32 bytes":           messages(func(m *pb.BlindedMessage) { m.BlindedSecret = m.GetBlindedSecret()[:32] }),
		"a B_ off the curve":         messages(func(m *pb.BlindedMessage) { m.BlindedSecret[0] = 5 }),
		"an id of 9 bytes":           messages(func(m *pb.BlindedMessage) { m.KeysetId = make([]byte, 9) }),
		"a C of nothing":             proofs(func(p *pb.Proof) { p.C = nil }),
		"a proof without id":         proofs(func(p *pb.Proof) { p.KeysetId = nil }),
		"a secret that is no text":   proofs(func(p *pb.Proof) { p.Secret = []byte{0xff} }),
		"a rotation without unit":    rotate(func(r *pb.RotationRequest) { r.Unit = nil }),
		"a rotation of unit 0":       rotate(func(r *pb.RotationRequest) { r.Unit.GetCurrencyUnit().(*pb.CurrencyUnit_Unit).Unit = 0 }),
		"a rotation without version": rotate(func(r *pb.RotationRequest) { r.KeysetIdType = 0 }),
		"a rotation to version 3":    rotate(func(r *pb.RotationRequest) { r.KeysetIdType = 3 }),
		"no proofs at all":           func() error { _, err := c.VerifyProofs(ctx, &pb.Proofs{}); return err },
		"1001 messages": func() error {
			_, err := c.BlindSign(ctx, &pb.BlindedMessages{BlindedMessages: make([]*pb.BlindedMessage, signatory.MaxItems+1)})
			return err
		},
		"1001 proofs": func() error {
			_, err := c.VerifyProofs(ctx, &pb.Proofs{Proof: make([]*pb.Proof, signatory.MaxItems+1)})
			return err
		},
	} {
		if err := call(); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRotationPassesEverythingOn(t *testing.T) {
	t.Parallel()
	ks := newFake(t)
	want := keyset(t, 100, 2059210353)
	ks.rotate = func(_ context.Context, p keystore.RotateParams) (cashu.Keyset, error) {
		if p.Unit != "sat" || *p.InputFeePPK != 100 || p.FinalExpiry != 2059210353 || *p.IDVersion != cashu.V2 || len(p.Amounts) != 1 || p.Amounts[0] != 8 {
			t.Errorf("%+v", p)
		}
		return want, nil
	}
	_, conn := inMemory(t, Config{Keystore: ks})
	in := rotationCall()
	expiry := want.FinalExpiry
	in.InputFeePpk, in.FinalExpiry, in.Amounts = 100, &expiry, []uint64{8}
	got, err := pb.NewSignatoryClient(conn).RotateKeyset(versioned(t.Context(), "2"), in)
	if err != nil {
		t.Fatal(err)
	}
	if k, err := wire.ParseKeyset(got.GetKeyset(), nil); err != nil || k.ID != want.ID {
		t.Fatalf("%+v, %v", k, err)
	}
}

func TestOurOwnFaultsAreNotExplained(t *testing.T) {
	t.Parallel()
	ks := newFake(t)
	ks.rotate = func(context.Context, keystore.RotateParams) (cashu.Keyset, error) {
		return cashu.Keyset{}, errors.New("near SELECT: syntax error")
	}
	ks.sign = func(context.Context, []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
		panic("index out of range")
	}
	r, conn := inMemory(t, Config{Keystore: ks})
	c, ctx := pb.NewSignatoryClient(conn), versioned(t.Context(), "2")
	_, rotateErr := c.RotateKeyset(ctx, rotationCall())
	_, signErr := c.BlindSign(ctx, oneMessage(t))
	for _, err := range []error{rotateErr, signErr} {
		if s := status.Convert(err); s.Code() != codes.Internal || s.Message() != "internal error" {
			t.Errorf("%v", err)
		}
	}
	for _, want := range []string{"near SELECT: syntax error", "index out of range", "level=ERROR"} {
		if !strings.Contains(r.logs.String(), want) {
			t.Errorf("the log does not say %q", want)
		}
	}
	if _, err := c.Keysets(ctx, &pb.EmptyRequest{}); err != nil {
		t.Errorf("a panic ended the server: %v", err)
	}
}

func TestTheLogSaysWhatHappenedAndNotToWhat(t *testing.T) {
	t.Parallel()
	ks := newFake(t)
	ks.sign = func(_ context.Context, m []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
		return make([]cashu.BlindSignature, len(m)), nil
	}
	ks.verify = func(context.Context, []cashu.Proof) error { return cashu.ErrProofInvalid }
	r, conn := inMemory(t, Config{Keystore: ks})
	c, ctx := pb.NewSignatoryClient(conn), versioned(t.Context(), "2")
	if _, err := c.BlindSign(ctx, oneMessage(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.VerifyProofs(ctx, oneProof(t)); err != nil {
		t.Fatal(err)
	}
	broken := oneProof(t)
	broken.Proof[0].C = broken.Proof[0].C[:30]
	if _, err := c.VerifyProofs(ctx, broken); err == nil {
		t.Fatal("accepted")
	}
	log := r.logs.String()
	for _, want := range []string{"method=BlindSign", "method=VerifyProofs", "items=1", "outcome=OK", "valid=false", "outcome=InvalidArgument", "duration=", "peer="} {
		if !strings.Contains(log, want) {
			t.Errorf("the log does not say %s:\n%s", want, log)
		}
	}
	for _, never := range []string{hexB, hexB[2:40], "secret\"", "secret=", `\x02`} {
		if strings.Contains(log, never) {
			t.Errorf("the log says %s:\n%s", never, log)
		}
	}
}

func TestTheLogOfACallNamesTheRequestsOfTheMint(t *testing.T) {
	t.Parallel()
	ks := newFake(t)
	ks.verify = func(context.Context, []cashu.Proof) error { return nil }
	r := serve(t, Config{Keystore: ks, Listen: "localhost:0", Insecure: true})
	c := dial(t, signatory.ClientConfig{Address: r.addr.String(), Insecure: true})
	proof := cashu.Proof{Amount: 8, ID: keyset(t, 0, 0).ID, Secret: "s", C: point(t, hexB)}
	if err := c.VerifyProofs(requestid.With(t.Context(), "req-7", "req-8"), []cashu.Proof{proof}); err != nil {
		t.Fatal(err)
	}
	// Nothing that a client says gets out of its place in the line.
	if err := c.VerifyProofs(requestid.With(t.Context(), "good", "x outcome=forged"), []cashu.Proof{proof}); err != nil {
		t.Fatal(err)
	}
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	for _, text := range []string{"00-" + trace + "-00f067aa0ba902b7-01", "00-x outcome=forged-00f067aa0ba902b7-01"} {
		if err := c.VerifyProofs(traceparent.With(t.Context(), text), []cashu.Proof{proof}); err != nil {
			t.Fatal(err)
		}
	}
	r.stop()
	logs := r.logs.String()
	if strings.Count(logs, "trace=") != 1 || !strings.Contains(logs, "trace="+trace) {
		t.Errorf("the log does not name the trace:\n%s", logs)
	}
	if !strings.Contains(logs, "method=VerifyProofs") || !strings.Contains(logs, "requests=req-7,req-8") ||
		!strings.Contains(logs, "requests=good\n") && !strings.Contains(logs, "requests=good ") || strings.Contains(logs, "forged") {
		t.Errorf("the log says:\n%s", logs)
	}
}
