package bench

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"mintmark/cashu"
	"mintmark/wallet/mintclient"
)

// Requests and answers while the clock runs. Everything before and after it is in the
// words of packages cashu and mintclient. These here are the same words as bytes that
// are appended and text that is compared, because reading a coin's point only to write
// it again, and two more of the answer, costs this program several times what the rest
// of a swap costs it, and the servers, which share the machine, would pay for it:
// BenchmarkOneBody and BenchmarkOneAnswer measure both ways.

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

// signature is a cashu.BlindSignature that nobody has looked into.
type signature struct {
	Amount cashu.Amount   `json:"amount"`
	ID     string         `json:"id"`
	C      string         `json:"C_"`
	DLEQ   jsontext.Value `json:"dleq"`
}

// proven tells whether there is a DLEQ proof.
func (s signature) proven() bool { return len(s.DLEQ) > 0 && s.DLEQ.Kind() != 'n' }

// readSignatures reads the answer to a swap or an issue: one signature for each
// output, in order, of its amount and keyset.
func readSignatures(reply mintclient.Reply, amounts []cashu.Amount, id string) ([]signature, error) {
	if reply.Status != http.StatusOK {
		return nil, refusal(reply)
	}
	var got struct {
		Signatures []signature `json:"signatures"`
	}
	if err := decode(reply.Body, &got); err != nil {
		return nil, err
	}
	if len(got.Signatures) != len(amounts) {
		return nil, wrong(kindCount, "%d for %d outputs", len(got.Signatures), len(amounts))
	}
	for i, s := range got.Signatures {
		if s.Amount != amounts[i] || !strings.EqualFold(s.ID, id) {
			return nil, wrong(kindSignature, "signature %d is over %d of %s, asked for %d", i, s.Amount, shorten(s.ID), amounts[i])
		}
		if len(s.C) != 66 {
			return nil, wrong(kindSignature, "signature %d has a C_ of %d characters", i, len(s.C))
		}
	}
	return got.Signatures, nil
}

// refusal makes the fault of an answer whose status is not 200. The body may be an
// error of NUT-00, another one, or no JSON at all.
func refusal(reply mintclient.Reply) *fault {
	f := &fault{kind: kindRefused, status: reply.Status, code: "none", detail: shorten(string(reply.Body))}
	if r, ok := errors.AsType[*mintclient.Refusal](reply.Read(nil)); ok {
		f.code, f.detail = strconv.Itoa(int(r.Code)), shorten(r.Detail)
	}
	return f
}

// decode reads an answer of status 200.
func decode(body []byte, into any) error {
	if err := cashu.Decode(body, into); err != nil {
		return wrong(kindUnreadable, "%s", shorten(err.Error()))
	}
	return nil
}
