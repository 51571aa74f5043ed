package processorpb_test

import (
	"testing"

	pb "mintmark/proto/cdk_payment_processor"
	"mintmark/proto/contracttest"
)

// contract is the wire as CDK 0.18 has it. A line that changes here is a processor
// that no longer understands its mint.
const contract = `
GetSettings: cdk_payment_processor.EmptyRequest -> cdk_payment_processor.SettingsResponse
CreatePayment: cdk_payment_processor.CreatePaymentRequest -> cdk_payment_processor.CreatePaymentResponse
GetPaymentQuote: cdk_payment_processor.PaymentQuoteRequest -> cdk_payment_processor.PaymentQuoteResponse
MakePayment: cdk_payment_processor.MakePaymentRequest -> cdk_payment_processor.MakePaymentResponse
CheckIncomingPayment: cdk_payment_processor.CheckIncomingPaymentRequest -> cdk_payment_processor.CheckIncomingPaymentResponse
CheckOutgoingPayment: cdk_payment_processor.CheckOutgoingPaymentRequest -> cdk_payment_processor.MakePaymentResponse
WaitPaymentEvent: cdk_payment_processor.EmptyRequest -> stream cdk_payment_processor.PaymentEventResponse

AmountMessage.value = 1 uint64
AmountMessage.unit = 2 string
SettingsResponse.unit = 1 string
SettingsResponse.bolt11 = 2 cdk_payment_processor.Bolt11Settings
SettingsResponse.bolt12 = 3 cdk_payment_processor.Bolt12Settings
SettingsResponse.custom = 4 map of string to string
SettingsResponse.onchain = 5 cdk_payment_processor.OnchainSettings
OnchainSettings.confirmations = 1 uint32
OnchainSettings.min_receive_amount_sat = 2 uint64
OnchainSettings.min_send_amount_sat = 3 uint64
Bolt12Settings.amountless = 2 bool
Bolt12Settings.invoice_description = 3 bool
Bolt11Settings.mpp = 1 bool
Bolt11Settings.amountless = 2 bool
Bolt11Settings.invoice_description = 5 bool
Bolt11IncomingPaymentOptions.description = 1 optional string
Bolt11IncomingPaymentOptions.amount = 2 cdk_payment_processor.AmountMessage
Bolt11IncomingPaymentOptions.unix_expiry = 3 optional uint64
CustomIncomingPaymentOptions.description = 1 optional string
CustomIncomingPaymentOptions.amount = 2 optional cdk_payment_processor.AmountMessage
CustomIncomingPaymentOptions.unix_expiry = 3 optional uint64
CustomIncomingPaymentOptions.extra_json = 4 optional string
CustomIncomingPaymentOptions.quote_id = 6 string
CustomIncomingPaymentOptions.pubkey = 7 optional string
Bolt12IncomingPaymentOptions.description = 1 optional string
Bolt12IncomingPaymentOptions.amount = 2 optional cdk_payment_processor.AmountMessage
Bolt12IncomingPaymentOptions.unix_expiry = 3 optional uint64
OnchainOutgoingPaymentOptions.address = 1 string
OnchainOutgoingPaymentOptions.amount = 2 cdk_payment_processor.AmountMessage
OnchainOutgoingPaymentOptions.max_fee_amount = 3 optional cdk_payment_processor.AmountMessage
OnchainOutgoingPaymentOptions.quote_id = 4 string
OnchainOutgoingPaymentOptions.fee_index = 5 optional uint32
OnchainOutgoingPaymentOptions.metadata = 6 optional string
OutgoingPaymentVariant.bolt11 = 1 oneof options cdk_payment_processor.Bolt11OutgoingPaymentOptions
OutgoingPaymentVariant.bolt12 = 2 oneof options cdk_payment_processor.Bolt12OutgoingPaymentOptions
OutgoingPaymentVariant.custom = 3 oneof options cdk_payment_processor.CustomOutgoingPaymentOptions
OutgoingPaymentVariant.onchain = 4 oneof options cdk_payment_processor.OnchainOutgoingPaymentOptions
PaymentIdentifier.type = 1 cdk_payment_processor.PaymentIdentifierType
PaymentIdentifier.hash = 2 oneof value string
PaymentIdentifier.id = 3 oneof value string
OnchainIncomingPaymentOptions.quote_id = 1 string
IncomingPaymentOptions.bolt11 = 1 oneof options cdk_payment_processor.Bolt11IncomingPaymentOptions
IncomingPaymentOptions.bolt12 = 2 oneof options cdk_payment_processor.Bolt12IncomingPaymentOptions
IncomingPaymentOptions.custom = 3 oneof options cdk_payment_processor.CustomIncomingPaymentOptions
IncomingPaymentOptions.onchain = 4 oneof options cdk_payment_processor.OnchainIncomingPaymentOptions
CreatePaymentRequest.options = 2 cdk_payment_processor.IncomingPaymentOptions
CreatePaymentResponse.request_identifier = 1 cdk_payment_processor.PaymentIdentifier
CreatePaymentResponse.request = 2 string
CreatePaymentResponse.expiry = 3 optional uint64
CreatePaymentResponse.extra_json = 4 optional string
Mpp.amount = 1 uint64
Amountless.amount_msat = 1 uint64
MeltOptions.mpp = 1 oneof options cdk_payment_processor.Mpp
MeltOptions.amountless = 2 oneof options cdk_payment_processor.Amountless
PaymentQuoteRequest.request = 1 string
PaymentQuoteRequest.unit = 2 string
PaymentQuoteRequest.options = 3 optional cdk_payment_processor.MeltOptions
PaymentQuoteRequest.request_type = 4 cdk_payment_processor.OutgoingPaymentRequestType
PaymentQuoteRequest.extra_json = 5 optional string
PaymentQuoteRequest.quote_id = 6 string
PaymentQuoteRequest.onchain_options = 7 optional cdk_payment_processor.OnchainOutgoingPaymentOptions
PaymentQuoteRequest.amount = 8 optional cdk_payment_processor.AmountMessage
PaymentQuoteResponse.request_identifier = 1 cdk_payment_processor.PaymentIdentifier
PaymentQuoteResponse.amount = 2 cdk_payment_processor.AmountMessage
PaymentQuoteResponse.fee = 3 cdk_payment_processor.AmountMessage
PaymentQuoteResponse.state = 4 cdk_payment_processor.QuoteState
PaymentQuoteResponse.estimated_blocks = 6 optional uint32
PaymentQuoteResponse.fee_options = 7 repeated cdk_payment_processor.OnchainFeeOption
PaymentQuoteResponse.extra_json = 5 optional string
OnchainFeeOption.fee_reserve = 1 uint64
OnchainFeeOption.estimated_blocks = 2 uint32
OnchainFeeOption.fee_index = 3 uint32
Bolt11OutgoingPaymentOptions.bolt11 = 1 string
Bolt11OutgoingPaymentOptions.max_fee_amount = 2 optional cdk_payment_processor.AmountMessage
Bolt11OutgoingPaymentOptions.timeout_secs = 3 optional uint64
Bolt11OutgoingPaymentOptions.melt_options = 4 optional cdk_payment_processor.MeltOptions
Bolt11OutgoingPaymentOptions.quote_id = 5 string
Bolt12OutgoingPaymentOptions.offer = 1 string
Bolt12OutgoingPaymentOptions.max_fee_amount = 2 optional cdk_payment_processor.AmountMessage
Bolt12OutgoingPaymentOptions.timeout_secs = 3 optional uint64
Bolt12OutgoingPaymentOptions.melt_options = 5 optional cdk_payment_processor.MeltOptions
Bolt12OutgoingPaymentOptions.quote_id = 6 string
CustomOutgoingPaymentOptions.offer = 1 string
CustomOutgoingPaymentOptions.max_fee_amount = 2 optional cdk_payment_processor.AmountMessage
CustomOutgoingPaymentOptions.timeout_secs = 3 optional uint64
CustomOutgoingPaymentOptions.amount = 4 optional cdk_payment_processor.AmountMessage
CustomOutgoingPaymentOptions.melt_options = 5 optional cdk_payment_processor.MeltOptions
CustomOutgoingPaymentOptions.extra_json = 6 optional string
CustomOutgoingPaymentOptions.quote_id = 7 string
MakePaymentRequest.payment_options = 1 cdk_payment_processor.OutgoingPaymentVariant
MakePaymentRequest.partial_amount = 2 optional cdk_payment_processor.AmountMessage
MakePaymentRequest.max_fee_amount = 3 optional cdk_payment_processor.AmountMessage
MakePaymentRequest.unit = 4 string
MakePaymentResponse.payment_identifier = 1 cdk_payment_processor.PaymentIdentifier
MakePaymentResponse.payment_proof = 2 optional string
MakePaymentResponse.status = 3 cdk_payment_processor.QuoteState
MakePaymentResponse.total_spent = 4 cdk_payment_processor.AmountMessage
MakePaymentResponse.extra_json = 5 optional string
CheckIncomingPaymentRequest.request_identifier = 1 cdk_payment_processor.PaymentIdentifier
CheckIncomingPaymentResponse.payments = 1 repeated cdk_payment_processor.WaitIncomingPaymentResponse
CheckOutgoingPaymentRequest.request_identifier = 1 cdk_payment_processor.PaymentIdentifier
WaitIncomingPaymentResponse.payment_identifier = 1 cdk_payment_processor.PaymentIdentifier
WaitIncomingPaymentResponse.payment_amount = 2 cdk_payment_processor.AmountMessage
WaitIncomingPaymentResponse.payment_id = 3 string
PaymentSuccessfulResponse.quote_id = 1 string
PaymentSuccessfulResponse.details = 2 cdk_payment_processor.MakePaymentResponse
PaymentFailedResponse.quote_id = 1 string
PaymentFailedResponse.reason = 2 string
PaymentEventResponse.payment_received = 1 oneof event cdk_payment_processor.WaitIncomingPaymentResponse
PaymentEventResponse.payment_successful = 2 oneof event cdk_payment_processor.PaymentSuccessfulResponse
PaymentEventResponse.payment_failed = 3 oneof event cdk_payment_processor.PaymentFailedResponse

PAYMENT_METHOD_TYPE_UNSPECIFIED = 0
PAYMENT_METHOD_TYPE_BOLT11 = 1
PAYMENT_METHOD_TYPE_BOLT12 = 2
PAYMENT_METHOD_TYPE_CUSTOM = 3
OUTGOING_PAYMENT_REQUEST_TYPE_UNSPECIFIED = 0
OUTGOING_PAYMENT_REQUEST_TYPE_BOLT11_INVOICE = 1
OUTGOING_PAYMENT_REQUEST_TYPE_BOLT12_OFFER = 2
OUTGOING_PAYMENT_REQUEST_TYPE_CUSTOM = 3
OUTGOING_PAYMENT_REQUEST_TYPE_ONCHAIN = 4
OUTGOING_PAYMENT_OPTIONS_TYPE_UNSPECIFIED = 0
OUTGOING_PAYMENT_OPTIONS_TYPE_BOLT11 = 1
OUTGOING_PAYMENT_OPTIONS_TYPE_BOLT12 = 2
OUTGOING_PAYMENT_OPTIONS_TYPE_CUSTOM = 3
OUTGOING_PAYMENT_OPTIONS_TYPE_ONCHAIN = 4
PAYMENT_IDENTIFIER_TYPE_UNSPECIFIED = 0
PAYMENT_IDENTIFIER_TYPE_PAYMENT_HASH = 1
PAYMENT_IDENTIFIER_TYPE_OFFER_ID = 2
PAYMENT_IDENTIFIER_TYPE_LABEL = 3
PAYMENT_IDENTIFIER_TYPE_BOLT12_PAYMENT_HASH = 4
PAYMENT_IDENTIFIER_TYPE_CUSTOM_ID = 5
PAYMENT_IDENTIFIER_TYPE_PAYMENT_ID = 6
PAYMENT_IDENTIFIER_TYPE_QUOTE_ID = 7
QUOTE_STATE_UNSPECIFIED = 0
QUOTE_STATE_UNPAID = 1
QUOTE_STATE_PAID = 2
QUOTE_STATE_PENDING = 3
QUOTE_STATE_UNKNOWN = 4
QUOTE_STATE_FAILED = 5
QUOTE_STATE_ISSUED = 6
`

func TestTheContractIsTheOneThatOthersSpeak(t *testing.T) {
	t.Parallel()
	file := pb.File_cdk_payment_processor_payment_processor_proto
	if file.Package() != "cdk_payment_processor" || file.Services().Len() != 1 || file.Services().Get(0).Name() != "CdkPaymentProcessor" {
		t.Errorf("package %s", file.Package())
	}
	contracttest.Compare(t, file, contract)
}
