package signatorypb_test

import (
	"testing"

	"mintmark/proto/contracttest"
	pb "mintmark/proto/signatory"
)

// contract is the wire as the other implementations have it. A line that changes
// here is a mint that no longer understands its signatory.
const contract = `
BlindSign: signatory.BlindedMessages -> signatory.BlindSignResponse
VerifyProofs: signatory.Proofs -> signatory.BooleanResponse
Keysets: signatory.EmptyRequest -> signatory.KeysResponse
SubscribeKeysets: signatory.EmptyRequest -> stream signatory.KeysResponse
RotateKeyset: signatory.RotationRequest -> signatory.KeyRotationResponse

BlindedMessages.blinded_messages = 1 repeated signatory.BlindedMessage
BlindedMessage.amount = 1 uint64
BlindedMessage.keyset_id = 2 bytes
BlindedMessage.blinded_secret = 3 bytes
BlindSignResponse.error = 1 signatory.Error
BlindSignResponse.sigs = 2 signatory.BlindSignatures
BlindSignatures.blind_signatures = 1 repeated signatory.BlindSignature
BlindSignature.amount = 1 uint64
BlindSignature.keyset_id = 2 bytes
BlindSignature.blinded_secret = 3 bytes
BlindSignature.dleq = 4 optional signatory.BlindSignatureDLEQ
BlindSignatureDLEQ.e = 1 bytes
BlindSignatureDLEQ.s = 2 bytes
Proofs.proof = 1 repeated signatory.Proof
Proof.amount = 1 uint64
Proof.keyset_id = 2 bytes
Proof.secret = 3 bytes
Proof.c = 4 bytes
BooleanResponse.error = 1 signatory.Error
BooleanResponse.success = 2 bool
KeysResponse.error = 1 signatory.Error
KeysResponse.keysets = 2 signatory.SignatoryKeysets
SignatoryKeysets.pubkey = 1 bytes
SignatoryKeysets.keysets = 2 repeated signatory.KeySet
SignatoryKeysets.epoch = 1000 uint64
KeySet.id = 1 bytes
KeySet.unit = 2 signatory.CurrencyUnit
KeySet.active = 3 bool
KeySet.input_fee_ppk = 4 uint64
KeySet.keys = 5 signatory.Keys
KeySet.final_expiry = 6 optional uint64
KeySet.version = 7 uint32
KeySet.issuer_version = 8 optional string
Keys.keys = 1 map of uint64 to bytes
RotationRequest.unit = 1 signatory.CurrencyUnit
RotationRequest.input_fee_ppk = 2 uint64
RotationRequest.amounts = 3 repeated uint64
RotationRequest.final_expiry = 4 optional uint64
RotationRequest.keyset_id_type = 5 signatory.KeysetVersion
KeyRotationResponse.error = 1 signatory.Error
KeyRotationResponse.keyset = 2 signatory.KeySet
CurrencyUnit.unit = 1 oneof currency_unit signatory.CurrencyUnitType
CurrencyUnit.custom_unit = 2 oneof currency_unit string
Error.code = 1 signatory.ErrorCode
Error.detail = 2 string
Error.nut_code = 1000 uint32

CONSTANTS_UNSPECIFIED = 0
CONSTANTS_SCHEMA_VERSION = 2
KEYSET_VERSION_UNSPECIFIED = 0
KEYSET_VERSION_V1 = 1
KEYSET_VERSION_V2 = 2
CURRENCY_UNIT_TYPE_UNSPECIFIED = 0
CURRENCY_UNIT_TYPE_SAT = 1
CURRENCY_UNIT_TYPE_MSAT = 2
CURRENCY_UNIT_TYPE_USD = 3
CURRENCY_UNIT_TYPE_EUR = 4
CURRENCY_UNIT_TYPE_AUTH = 5
ERROR_CODE_UNSPECIFIED = 0
ERROR_CODE_AMOUNT_OUTSIDE_LIMIT = 1
ERROR_CODE_DUPLICATE_INPUTS_PROVIDED = 2
ERROR_CODE_DUPLICATE_OUTPUTS_PROVIDED = 3
ERROR_CODE_KEYSET_NOT_KNOWN = 4
ERROR_CODE_KEYSET_INACTIVE = 5
ERROR_CODE_MINTING_DISABLED = 6
ERROR_CODE_COULD_NOT_ROTATE_KEYSET = 7
ERROR_CODE_INVALID_PROOF = 8
ERROR_CODE_INVALID_BLIND_MESSAGE = 9
ERROR_CODE_UNIT_NOT_SUPPORTED = 10
`

func TestTheContractIsTheOneThatOthersSpeak(t *testing.T) {
	t.Parallel()
	file := pb.File_signatory_signatory_proto
	if file.Package() != "signatory" || file.Services().Len() != 1 || file.Services().Get(0).FullName() != "signatory.Signatory" {
		t.Errorf("package %s", file.Package())
	}
	contracttest.Compare(t, file, contract)
}
