package mint

import "mintmark/internal/crashpoint"

// The places where a crash of the mint matters, in the order in which an
// operation passes them.
const (
	crashSwapVerified  crashpoint.Name = "swap.verified"      // inputs verified, nothing written
	crashSwapReserved  crashpoint.Name = "swap.reserved"      // first commit done, nothing signed
	crashSwapSigned    crashpoint.Name = "swap.signed"        // signatures in memory only
	crashSwapFinished  crashpoint.Name = "swap.finished"      // second commit done, nobody told
	crashIssueChecked  crashpoint.Name = "issue.checked"      // quote and outputs checked, nothing written
	crashIssueReserved crashpoint.Name = "issue.reserved"     // first commit done, nothing signed
	crashIssueSigned   crashpoint.Name = "issue.signed"       // signatures in memory only
	crashIssueFinished crashpoint.Name = "issue.finished"     // second commit done, nobody told
	crashMeltQuoted    crashpoint.Name = "melt.quoted"        // the offer is made, nobody told
	crashMeltChecked   crashpoint.Name = "melt.checked"       // quote and inputs checked, nothing written
	crashMeltReserved  crashpoint.Name = "melt.reserved"      // first commit done, the backend not asked
	crashMeltSent      crashpoint.Name = "melt.sent"          // the backend has answered, nothing noted of it
	crashMeltSigned    crashpoint.Name = "melt.signed"        // paid, the change signed in memory only
	crashMeltSettled   crashpoint.Name = "melt.settled"       // paid and noted, the change cannot be signed
	crashMeltFinished  crashpoint.Name = "melt.finished"      // second commit done, nobody told
	crashUndoing       crashpoint.Name = "saga.undoing"       // about to compensate
	crashUndone        crashpoint.Name = "saga.undone"        // compensation committed
	crashClaimed       crashpoint.Name = "recovery.claimed"   // a saga taken over, nothing done about it
	crashRecovered     crashpoint.Name = "recovery.recovered" // a saga undone or dropped, others may follow
	crashQuoteCreated  crashpoint.Name = "quote.created"      // the backend made the invoice, no row yet
	crashQuotePaid     crashpoint.Name = "quote.paid"         // payment recorded, backend not told
)

// CrashPoints lists every crash point of this package, for tests that kill the
// mint at each.
func CrashPoints() []crashpoint.Name {
	return []crashpoint.Name{
		crashSwapVerified, crashSwapReserved, crashSwapSigned, crashSwapFinished,
		crashIssueChecked, crashIssueReserved, crashIssueSigned, crashIssueFinished,
		crashMeltQuoted, crashMeltChecked, crashMeltReserved, crashMeltSent, crashMeltSigned, crashMeltSettled, crashMeltFinished,
		crashUndoing, crashUndone, crashClaimed, crashRecovered, crashQuoteCreated, crashQuotePaid,
	}
}
