// Package wire translates between the words of the protocol and the messages of
// proto/signatory, for the client and the server alike.
//
// It trusts nothing that it reads: what comes out of a Parse function has its
// points on the curve, its ids of a known version and its units canonical. It
// must never put anything but public data on the wire, and never change what a
// byte means: an unmodified CDK mint or signatory is at the other end.
package wire

import pb "mintmark/proto/signatory"

// VersionHeader is the metadata key that every request carries.
const VersionHeader = "x-signatory-schema-version"

// SchemaVersion is the version that we speak.
const SchemaVersion = int(pb.Constants_CONSTANTS_SCHEMA_VERSION)

// PurposeHeader is the metadata key, ours, that says what BlindSign is called for.
// CDK sends none, and looks at none.
const PurposeHeader = "x-mintmark-purpose"

// PurposeMeltChange is a value of PurposeHeader.
const PurposeMeltChange = "melt-change"

// RequestsHeader is the metadata key, ours, with the ids of the requests that a call
// is for, as package requestid writes them: the signatory puts them into its log.
const RequestsHeader = "x-mintmark-requests"

// MaxMessageSize is what we accept in one message, in bytes, on both sides. A
// thousand proofs fit many times; the history of keysets, sent whole, needs it.
const MaxMessageSize = 16 << 20

// CDKMessageSize is what CDK's mint accepts in one message, in bytes: some 2500
// keysets of 32 keys.
const CDKMessageSize = 4 << 20
