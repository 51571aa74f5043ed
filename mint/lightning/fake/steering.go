package fake

import (
	"encoding/json"
	"strings"
	"time"

	"mintmark/mint/lightning"
)

// outcome is how an attempt to pay ends, as SendPayment and CheckPayment tell it: a
// lightning.PaymentState, or failing, which is an error that says nothing.
type outcome int

const failing outcome = -1

var words = map[string]lightning.PaymentState{
	"PAID": lightning.PaymentPaid, "PENDING": lightning.PaymentPending, "UNKNOWN": lightning.PaymentUnknown,
	"UNPAID": lightning.PaymentFailed, "FAILED": lightning.PaymentFailed,
}

// failThePayment is a description that fails the payment.
const failThePayment = "fail the payment"

// takeSoLong is what a description begins with that says how long the payment
// takes, such as "take 2s".
const takeSoLong = "take "

// holdThePayment is a description that keeps the payment pending until Release.
const holdThePayment = "hold the payment"

// leaveUnpaid is the description of an invoice of this node that does not pay
// itself.
const leaveUnpaid = "leave this unpaid"

// duration reads from a description how long the payment takes.
func duration(description string, otherwise time.Duration) time.Duration {
	if description == holdThePayment {
		return forever
	}
	if text, ok := strings.CutPrefix(description, takeSoLong); ok {
		if d, err := time.ParseDuration(text); err == nil && d >= 0 {
			return d
		}
	}
	return max(otherwise, 0)
}

// steering reads from a description how the payment is to end. The test tools of
// the ecosystem write a JSON object of four fields, all of which must be there;
// any other text is an ordinary description.
func steering(description string) (returns, checks outcome) {
	if description == failThePayment {
		return outcome(lightning.PaymentFailed), outcome(lightning.PaymentFailed)
	}
	var v struct {
		Pay      *string `json:"pay_invoice_state"`
		Check    *string `json:"check_payment_state"`
		PayErr   *bool   `json:"pay_err"`
		CheckErr *bool   `json:"check_err"`
	}
	returns, checks = outcome(lightning.PaymentPaid), outcome(lightning.PaymentPaid)
	if json.Unmarshal([]byte(description), &v) != nil || v.Pay == nil || v.Check == nil || v.PayErr == nil || v.CheckErr == nil {
		return returns, checks
	}
	pay, known := words[*v.Pay]
	check, alsoKnown := words[*v.Check]
	if !known || !alsoKnown {
		return returns, checks
	}
	returns, checks = outcome(pay), outcome(check)
	if *v.PayErr {
		returns = failing
	}
	if *v.CheckErr {
		checks = failing
	}
	return returns, checks
}

// mayPay tells whether anything of the outcome leaves it open that the money is
// gone.
func mayPay(returns, checks outcome) bool {
	failed := outcome(lightning.PaymentFailed)
	return checks != failed || returns == outcome(lightning.PaymentPaid)
}
