package wire

import (
	"strings"
	"unicode"

	"mintmark/cashu"
	pb "mintmark/proto/signatory"
)

// maxDetail bounds a text of the other side, in bytes.
const maxDetail = 500

// Error writes a refusal. CDK's mint panics on every code but 0, 1, 2, 4 and 5,
// and has one for duplicates: that of the inputs. The text and the NUT code say
// what really was the matter.
func Error(e *cashu.Error) *pb.Error {
	code := pb.ErrorCode_ERROR_CODE_UNSPECIFIED
	switch e.Code {
	case cashu.CodeAmountOutOfRange:
		code = pb.ErrorCode_ERROR_CODE_AMOUNT_OUTSIDE_LIMIT
	case cashu.CodeDuplicateInputs, cashu.CodeDuplicateOutputs:
		code = pb.ErrorCode_ERROR_CODE_DUPLICATE_INPUTS_PROVIDED
	case cashu.CodeKeysetUnknown:
		code = pb.ErrorCode_ERROR_CODE_KEYSET_NOT_KNOWN
	case cashu.CodeKeysetInactive:
		code = pb.ErrorCode_ERROR_CODE_KEYSET_INACTIVE
	}
	return &pb.Error{Code: code, Detail: clean(e.Detail), NutCode: uint32(e.Code)}
}

// ParseError reads a refusal. duplicates is what the code for duplicates means
// in answer to this call. It returns nil for a code that says nothing to a
// wallet or that we do not know; then there is only Detail, for the log.
func ParseError(in *pb.Error, duplicates cashu.Code) *cashu.Error {
	code, ok := nutCode(in, duplicates)
	if !ok {
		return nil
	}
	return &cashu.Error{Code: code, Detail: Detail(in)}
}

// Detail is the text of a refusal, fit for a log and for a wallet.
func Detail(in *pb.Error) string {
	if text := clean(in.GetDetail()); text != "" {
		return text
	}
	return "no reason given"
}

func nutCode(in *pb.Error, duplicates cashu.Code) (cashu.Code, bool) {
	// Of the NUT codes only those that are a signatory's to say.
	switch code := cashu.Code(in.GetNutCode()); code {
	case cashu.CodeProofInvalid, cashu.CodeAmountOutOfRange, cashu.CodeDuplicateInputs, cashu.CodeDuplicateOutputs,
		cashu.CodeUnitUnsupported, cashu.CodeTooManyInputs, cashu.CodeTooManyOutputs, cashu.CodeKeysetUnknown,
		cashu.CodeKeysetInactive, cashu.CodeKeysetExpired, cashu.CodeMalformed,
		cashu.CodeUnavailable, cashu.CodeRateLimited: // signing is frozen, a budget is used up
		return code, true
	}
	switch in.GetCode() {
	case pb.ErrorCode_ERROR_CODE_AMOUNT_OUTSIDE_LIMIT:
		return cashu.CodeAmountOutOfRange, true
	case pb.ErrorCode_ERROR_CODE_DUPLICATE_INPUTS_PROVIDED:
		return duplicates, true
	case pb.ErrorCode_ERROR_CODE_DUPLICATE_OUTPUTS_PROVIDED:
		return cashu.CodeDuplicateOutputs, true
	case pb.ErrorCode_ERROR_CODE_KEYSET_NOT_KNOWN:
		return cashu.CodeKeysetUnknown, true
	case pb.ErrorCode_ERROR_CODE_KEYSET_INACTIVE:
		return cashu.CodeKeysetInactive, true
	case pb.ErrorCode_ERROR_CODE_MINTING_DISABLED:
		return cashu.CodeMintingDisabled, true
	case pb.ErrorCode_ERROR_CODE_INVALID_PROOF:
		return cashu.CodeProofInvalid, true
	case pb.ErrorCode_ERROR_CODE_UNIT_NOT_SUPPORTED:
		return cashu.CodeUnitUnsupported, true
	}
	return 0, false
}

// clean makes one short printable line of a text.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	if len(s) > maxDetail {
		s = strings.ToValidUTF8(s[:maxDetail], "")
	}
	return s
}
