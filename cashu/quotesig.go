package cashu

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math/bits"

	"mintmark/bdhke"
	"mintmark/cashu/schnorr"
)

const quoteSignatureDomain = "Cashu_MintQuoteSig_v1"

// QuoteSignatureMessage is what a wallet signs, after SHA256, to mint from a
// locked quote (NUT-20 as amended): the domain, then with a 4-byte length each
// the quote id and per output its amount, big endian without leading zeros, and
// the 33 bytes of B_.
func QuoteSignatureMessage(quoteID string, outputs []BlindedMessage) []byte {
	msg := make([]byte, 0, len(quoteSignatureDomain)+4+len(quoteID)+len(outputs)*(4+8+4+bdhke.PointSize))
	msg = append(msg, quoteSignatureDomain...)
	msg = binary.BigEndian.AppendUint32(msg, uint32(len(quoteID)))
	msg = append(msg, quoteID...)
	for _, o := range outputs {
		var amount [8]byte
		binary.BigEndian.PutUint64(amount[:], uint64(o.Amount))
		n := (bits.Len64(uint64(o.Amount)) + 7) / 8
		msg = binary.BigEndian.AppendUint32(msg, uint32(n))
		msg = append(msg, amount[8-n:]...)
		msg = binary.BigEndian.AppendUint32(msg, bdhke.PointSize)
		msg = o.B.AppendBytes(msg)
	}
	return msg
}

// LegacyQuoteSignatureMessage is what wallets signed before: the quote id and
// the hex text of each B_. It says nothing about amounts.
func LegacyQuoteSignatureMessage(quoteID string, outputs []BlindedMessage) []byte {
	msg := make([]byte, 0, len(quoteID)+len(outputs)*2*bdhke.PointSize)
	msg = append(msg, quoteID...)
	for _, o := range outputs {
		msg = append(msg, o.B.String()...)
	}
	return msg
}

// VerifyQuoteSignature checks the BIP340 signature, 128 hex characters, of a mint
// request (NUT-20) over the new message, then over the legacy one. Only the x
// coordinate of the key counts.
func VerifyQuoteSignature(pubkey bdhke.Point, quoteID string, outputs []BlindedMessage, sig string) bool {
	raw, err := schnorr.ParseSignature(sig)
	if err != nil {
		return false
	}
	key := schnorr.NewPublicKey(pubkey)
	return key.Verify(sha256.Sum256(QuoteSignatureMessage(quoteID, outputs)), raw) ||
		key.Verify(sha256.Sum256(LegacyQuoteSignatureMessage(quoteID, outputs)), raw)
}

// SignQuote makes the signature of a mint request (NUT-20) with the private key
// that the quote is locked to, over the message or its older form.
func SignQuote(key bdhke.Scalar, quoteID string, outputs []BlindedMessage, legacy bool) (string, error) {
	message := QuoteSignatureMessage(quoteID, outputs)
	if legacy {
		message = LegacyQuoteSignatureMessage(quoteID, outputs)
	}
	sig, err := schnorr.Sign(key, sha256.Sum256(message), nil)
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(sig[:]), nil
}
