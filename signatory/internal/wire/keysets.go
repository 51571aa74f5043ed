package wire

import (
	"errors"
	"fmt"
	"regexp"

	"mintmark/bdhke"
	"mintmark/cashu"
	pb "mintmark/proto/signatory"
)

// issuerVersion is what CDK's mint can read. One value that it cannot makes it
// reject the whole snapshot.
var issuerVersion = regexp.MustCompile(`^[A-Za-z0-9_-]+/(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})`)

// Snapshot builds the answer to Keysets.
func Snapshot(identity bdhke.Point, epoch uint64, keysets []cashu.Keyset) *pb.SignatoryKeysets {
	out := &pb.SignatoryKeysets{
		Pubkey:  identity.AppendBytes(nil),
		Keysets: make([]*pb.KeySet, len(keysets)),
		Epoch:   epoch,
	}
	for i, k := range keysets {
		out.Keysets[i] = Keyset(k)
	}
	return out
}

// Keyset builds one keyset.
func Keyset(k cashu.Keyset) *pb.KeySet {
	keys := make(map[uint64][]byte, k.Keys.Len())
	for amount, point := range k.Keys.All() {
		keys[uint64(amount)] = point.AppendBytes(nil)
	}
	out := &pb.KeySet{
		Id:          k.ID.Bytes(),
		Unit:        Unit(k.Unit),
		Active:      k.Active,
		InputFeePpk: k.InputFeePPK,
		Keys:        &pb.Keys{Keys: keys},
	}
	if k.FinalExpiry != 0 {
		out.FinalExpiry = &k.FinalExpiry
	}
	if v := issuerVersion.FindString(k.IssuerVersion); v != "" {
		out.IssuerVersion = &v
	}
	return out
}

// ParseSnapshot reads the answer to Keysets. Every id must follow from the
// contents of its keyset, and none may come twice. Keysets that known already
// has with the same keys are not checked again but shared: the history of
// keysets arrives whole, again and again.
func ParseSnapshot(in *pb.SignatoryKeysets, known func(cashu.KeysetID) (cashu.Keyset, bool)) (bdhke.Point, []cashu.Keyset, error) {
	identity, err := bdhke.ParsePoint(in.GetPubkey())
	if err != nil {
		return bdhke.Point{}, nil, fmt.Errorf("identity key: %w", err)
	}
	keysets := make([]cashu.Keyset, 0, len(in.GetKeysets()))
	seen := make(map[cashu.KeysetID]struct{}, len(in.GetKeysets()))
	for i, k := range in.GetKeysets() {
		keyset, err := ParseKeyset(k, known)
		if err != nil {
			return bdhke.Point{}, nil, fmt.Errorf("keyset %d: %w", i, err)
		}
		if _, twice := seen[keyset.ID]; twice {
			return bdhke.Point{}, nil, fmt.Errorf("keyset %v comes twice", keyset.ID)
		}
		seen[keyset.ID] = struct{}{}
		keysets = append(keysets, keyset)
	}
	return identity, keysets, nil
}

// ParseKeyset reads one keyset; known may be nil.
func ParseKeyset(in *pb.KeySet, known func(cashu.KeysetID) (cashu.Keyset, bool)) (cashu.Keyset, error) {
	if in == nil {
		return cashu.Keyset{}, errors.New("there is none")
	}
	id, err := cashu.KeysetIDFromBytes(in.GetId())
	if err != nil {
		return cashu.Keyset{}, err
	}
	unit, err := ParseUnit(in.GetUnit())
	if err != nil {
		return cashu.Keyset{}, fmt.Errorf("%v: %w", id, err)
	}
	out := cashu.Keyset{
		ID:            id,
		Unit:          unit,
		Active:        in.GetActive(),
		InputFeePPK:   in.GetInputFeePpk(),
		FinalExpiry:   in.GetFinalExpiry(),
		IssuerVersion: in.GetIssuerVersion(),
	}
	if known != nil {
		if k, ok := known(id); ok && sameContents(k, out, in.GetKeys().GetKeys()) {
			out.Keys = k.Keys
			return out, nil
		}
	}
	if out.Keys, err = parseKeys(in.GetKeys()); err != nil {
		return cashu.Keyset{}, fmt.Errorf("%v: %w", id, err)
	}
	if err := out.VerifyID(); err != nil {
		return cashu.Keyset{}, err
	}
	return out, nil
}

// sameContents tells whether everything that an id can commit to is as in a
// keyset whose id was verified before.
func sameContents(known, now cashu.Keyset, keys map[uint64][]byte) bool {
	if known.Unit != now.Unit || known.InputFeePPK != now.InputFeePPK || known.FinalExpiry != now.FinalExpiry ||
		known.Keys.Len() != len(keys) {
		return false
	}
	for amount, point := range known.Keys.All() {
		if b := point.Bytes(); string(keys[uint64(amount)]) != string(b[:]) {
			return false
		}
	}
	return true
}

func parseKeys(in *pb.Keys) (cashu.Keys, error) {
	points := make(map[cashu.Amount]bdhke.Point, len(in.GetKeys()))
	for amount, key := range in.GetKeys() {
		point, err := bdhke.ParsePoint(key)
		if err != nil {
			return cashu.Keys{}, fmt.Errorf("key of amount %d: %w", amount, err)
		}
		points[cashu.Amount(amount)] = point
	}
	return cashu.NewKeys(points)
}

// IDType writes the version of a keyset id.
func IDType(v cashu.KeysetVersion) pb.KeysetVersion {
	switch v {
	case cashu.V1:
		return pb.KeysetVersion_KEYSET_VERSION_V1
	case cashu.V2:
		return pb.KeysetVersion_KEYSET_VERSION_V2
	}
	return pb.KeysetVersion_KEYSET_VERSION_UNSPECIFIED
}

// ParseIDType reads the version of a keyset id. Unspecified is refused, as CDK's
// signatory does: whoever asks for a keyset says of which version.
func ParseIDType(v pb.KeysetVersion) (cashu.KeysetVersion, error) {
	switch v {
	case pb.KeysetVersion_KEYSET_VERSION_V1:
		return cashu.V1, nil
	case pb.KeysetVersion_KEYSET_VERSION_V2:
		return cashu.V2, nil
	}
	return 0, fmt.Errorf("keyset id type %d is neither 1 nor 2", v)
}
