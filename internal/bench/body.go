package bench

import (
	"net/http"
	"strconv"
	"strings"

	"mintmark/cashu"
)

// Request bodies are appended to a buffer that a worker uses again, and answers
// are held against the question.

func appendIssue(dst []byte, quote string, blanks []blank, amounts []cashu.Amount, id string) []byte {
	dst = append(dst, `{"quote":`...)
	dst = strconv.AppendQuoteToASCII(dst, quote)
	dst = append(dst, `,"outputs":`...)
	dst = appendOutputs(dst, blanks, amounts, id)
	return append(dst, '}')
}

func appendSwap(dst []byte, coins []coin, inputs []cashu.Amount, blanks []blank, outputs []cashu.Amount, id string) []byte {
	dst = append(dst, `{"inputs":[`...)
	for i, c := range coins {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = c.appendInput(dst, inputs[i], id)
	}
	dst = append(dst, `],"outputs":`...)
	dst = appendOutputs(dst, blanks, outputs, id)
	return append(dst, '}')
}

func appendOutputs(dst []byte, blanks []blank, amounts []cashu.Amount, id string) []byte {
	dst = append(dst, '[')
	for i, n := range blanks {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = n.appendOutput(dst, amounts[i], id)
	}
	return append(dst, ']')
}

// readSignatures reads the answer to a swap or an issue: one signature for each
// output, in order, of its amount and keyset.
func readSignatures(status int, answer []byte, amounts []cashu.Amount, id string) ([]signature, error) {
	if status != http.StatusOK {
		return nil, refusal(status, answer)
	}
	var got signaturesAnswer
	if err := decode(answer, &got); err != nil {
		return nil, err
	}
	if len(got.Signatures) != len(amounts) {
		return nil, wrong(kindCount, "%d for %d outputs", len(got.Signatures), len(amounts))
	}
	for i, s := range got.Signatures {
		if cashu.Amount(s.Amount) != amounts[i] || !strings.EqualFold(s.ID, id) {
			return nil, wrong(kindSignature, "signature %d is over %d of %s, asked for %d", i, s.Amount, shorten(s.ID), amounts[i])
		}
		if len(s.C) != 66 {
			return nil, wrong(kindSignature, "signature %d has a C_ of %d characters", i, len(s.C))
		}
	}
	return got.Signatures, nil
}
