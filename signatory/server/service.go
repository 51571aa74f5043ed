package server

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"mintmark/cashu"
	"mintmark/internal/crashpoint"
	"mintmark/keystore"
	pb "mintmark/proto/signatory"
	"mintmark/signatory"
	"mintmark/signatory/internal/wire"
)

// service translates calls to the keystore and its answers back. What a mint can
// act on is an error in the answer; bytes that mean nothing are INVALID_ARGUMENT;
// everything else is INTERNAL without a word more.
type service struct {
	pb.UnimplementedSignatoryServer
	keystore Keystore
	signing  *signing
	log      *slog.Logger
	rendered atomic.Pointer[pb.KeysResponse]
}

var _ pb.SignatoryServer = (*service)(nil)

func newService(ks Keystore, signing *signing, log *slog.Logger) *service {
	return &service{keystore: ks, signing: signing, log: log}
}

func (s *service) BlindSign(ctx context.Context, in *pb.BlindedMessages) (*pb.BlindSignResponse, error) {
	if err := checkCount(len(in.GetBlindedMessages()), "blinded messages"); err != nil {
		return nil, err
	}
	messages, err := wire.ParseBlindedMessages(in)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	purpose, err := purposeOf(ctx)
	if err != nil {
		return nil, err
	}
	var signatures []cashu.BlindSignature
	err = s.upToDate(ctx, func() (err error) {
		signatures, err = s.signing.sign(ctx, clientOf(ctx), purpose, messages)
		return err
	})
	if err != nil {
		inBand, err := answerTo(err)
		return &pb.BlindSignResponse{Error: inBand}, err
	}
	crashpoint.Here(crashSigned)
	return &pb.BlindSignResponse{Sigs: wire.BlindSignatures(signatures)}, nil
}

func (s *service) VerifyProofs(ctx context.Context, in *pb.Proofs) (*pb.BooleanResponse, error) {
	if err := checkCount(len(in.GetProof()), "proofs"); err != nil {
		return nil, err
	}
	// "All proofs are true" of no proof at all would be true, and an attack.
	if len(in.GetProof()) == 0 {
		return nil, status.Error(codes.InvalidArgument, "there are no proofs to verify")
	}
	proofs, err := wire.ParseProofs(in)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	err = s.upToDate(ctx, func() error { return s.keystore.Verify(ctx, proofs) })
	switch {
	case err == nil:
		crashpoint.Here(crashVerified)
		return &pb.BooleanResponse{Success: true}, nil
	case errors.Is(err, cashu.ErrProofInvalid):
		return &pb.BooleanResponse{}, nil
	}
	inBand, err := answerTo(err)
	return &pb.BooleanResponse{Error: inBand}, err
}

func (s *service) Keysets(context.Context, *pb.EmptyRequest) (*pb.KeysResponse, error) {
	return s.render(), nil
}

// SubscribeKeysets sends what is there, and again after each change. A client
// that reads slowly misses changes in between, and gets the latest.
func (s *service) SubscribeKeysets(_ *pb.EmptyRequest, stream grpc.ServerStreamingServer[pb.KeysResponse]) error {
	for {
		changed := s.keystore.Changed() // before render reads, or a change could be missed
		if err := stream.Send(s.render()); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-stream.Context().Done():
			return context.Cause(stream.Context())
		}
	}
}

func (s *service) RotateKeyset(ctx context.Context, in *pb.RotationRequest) (*pb.KeyRotationResponse, error) {
	unit, err := wire.ParseUnit(in.GetUnit())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	version, err := wire.ParseIDType(in.GetKeysetIdType())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	fee := in.GetInputFeePpk()
	params := keystore.RotateParams{
		Unit:        unit,
		InputFeePPK: &fee,
		FinalExpiry: in.GetFinalExpiry(),
		IDVersion:   &version,
	}
	for _, amount := range in.GetAmounts() {
		params.Amounts = append(params.Amounts, cashu.Amount(amount))
	}
	active, err := mayRotate(clientOf(ctx), s.keystore.Keysets().Keysets, params)
	switch {
	case err != nil:
		s.signing.journal.raise(ctx, alarm{keystore.AuditRefuse, clientOf(ctx).Name, "RotateKeyset"}, status.Convert(err).Message())
		return nil, err
	case active != nil:
		return &pb.KeyRotationResponse{Keyset: wire.Keyset(*active)}, nil
	}
	keyset, err := s.keystore.Rotate(keystore.WithClient(ctx, clientOf(ctx).Name), params)
	if err != nil {
		inBand, err := answerTo(err)
		return &pb.KeyRotationResponse{Error: inBand}, err
	}
	crashpoint.Here(crashPublished)
	return &pb.KeyRotationResponse{Keyset: wire.Keyset(keyset)}, nil
}

// render gives the answer with all keysets, made once for each snapshot. Sending
// does not change a message, so all readers share it.
func (s *service) render() *pb.KeysResponse {
	snapshot := s.keystore.Keysets()
	if r := s.rendered.Load(); r != nil && r.GetKeysets().GetEpoch() == snapshot.Epoch {
		return r
	}
	r := &pb.KeysResponse{Keysets: wire.Snapshot(s.keystore.Identity(), snapshot.Epoch, snapshot.Keysets)}
	if size := proto.Size(r); size > wire.CDKMessageSize {
		s.log.Warn("the keysets no longer fit into what a CDK mint can receive", "bytes", size, "limit", wire.CDKMessageSize)
	}
	s.rendered.Store(r)
	return r
}

// forget what was rendered: the keysets come from another opening of the database.
func (s *service) forget() { s.rendered.Store(nil) }

func checkCount(n int, what string) error {
	if n > signatory.MaxItems {
		return status.Errorf(codes.InvalidArgument, "%d %s are too many: at most %d", n, what, signatory.MaxItems)
	}
	return nil
}

// answerTo sorts an error of the keystore: into the answer, or out of the way.
func answerTo(err error) (*pb.Error, error) {
	var refusal *cashu.Error
	switch {
	case errors.As(err, &refusal):
		return wire.Error(refusal), nil
	case errors.Is(err, keystore.ErrRefused):
		return &pb.Error{Detail: err.Error()}, nil
	case errors.Is(err, keystore.ErrStale):
		return nil, status.Error(codes.Unavailable, "the signatory has lost its database, and does not know what others have retired")
	case errors.Is(err, errLocked):
		return nil, errLocked
	case errors.Is(err, context.DeadlineExceeded):
		return nil, status.Error(codes.DeadlineExceeded, "the call took too long")
	case errors.Is(err, context.Canceled):
		return nil, status.Error(codes.Canceled, "the call was cancelled")
	}
	return nil, &hidden{err}
}

// hidden is an error whose text is for our log only.
type hidden struct{ cause error }

func (h *hidden) Error() string { return h.cause.Error() }

func (h *hidden) Unwrap() error { return h.cause }

func (h *hidden) GRPCStatus() *status.Status { return status.New(codes.Internal, "internal error") }
