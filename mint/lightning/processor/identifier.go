package processor

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	pb "mintmark/proto/cdk_payment_processor"
)

// An identifier is a type and a text. Here it is one text, from which both come back:
// a payment hash stands for itself, as in every other backend, and all others have the
// name of their type in front.

// maxIdentifier leaves room in the mint's 255 bytes.
const maxIdentifier = 240

var errIdentifier = errors.New("an identifier that is none")

// kinds are the types by the name that stands in front. Names are kept in databases.
var kinds = []struct {
	kind   pb.PaymentIdentifierType
	name   string
	hashed bool
}{
	{pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_PAYMENT_HASH, "", true},
	{pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_OFFER_ID, "offer", false},
	{pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_LABEL, "label", false},
	{pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_BOLT12_PAYMENT_HASH, "bolt12-hash", true},
	{pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_CUSTOM_ID, "custom", false},
	{pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_PAYMENT_ID, "payment", true},
	{pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_QUOTE_ID, "quote", false},
}

// writeIdentifier makes one text of an identifier of the processor.
func writeIdentifier(p *pb.PaymentIdentifier) (string, error) {
	for _, k := range kinds {
		if p.GetType() != k.kind {
			continue
		}
		value := p.GetId()
		if k.hashed {
			raw, err := hex.DecodeString(p.GetHash())
			if err != nil || len(raw) != 32 {
				return "", fmt.Errorf("%w: not 32 bytes in hex", errIdentifier)
			}
			value = hex.EncodeToString(raw)
		}
		switch {
		case value == "" || len(value) > maxIdentifier:
			return "", fmt.Errorf("%w: it has %d bytes", errIdentifier, len(value))
		case !utf8.ValidString(value) || strings.ContainsRune(value, 0):
			return "", fmt.Errorf("%w: not a text", errIdentifier)
		case k.name == "":
			return value, nil
		}
		return k.name + ":" + value, nil
	}
	return "", fmt.Errorf("%w: type %d", errIdentifier, p.GetType())
}

// readIdentifier is the reverse of writeIdentifier.
func readIdentifier(text string) (*pb.PaymentIdentifier, error) {
	name, value, found := strings.Cut(text, ":")
	if !found {
		name, value = "", text
	}
	for _, k := range kinds {
		if k.name != name {
			continue
		}
		p := &pb.PaymentIdentifier{Type: k.kind, Value: &pb.PaymentIdentifier_Id{Id: value}}
		if k.hashed {
			p.Value = &pb.PaymentIdentifier_Hash{Hash: value}
		}
		if again, err := writeIdentifier(p); err != nil || again != text {
			return nil, fmt.Errorf("%w: not as it was written", errIdentifier)
		}
		return p, nil
	}
	return nil, fmt.Errorf("%w: no such type", errIdentifier)
}

// quoteIdentifier names what the processor knows by the quote.
func quoteIdentifier(quote string) string { return "quote:" + quote }

// hashIdentifier names what the processor knows by a payment hash.
func hashIdentifier(hash [32]byte) string { return hex.EncodeToString(hash[:]) }
