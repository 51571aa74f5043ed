package fake

import (
	"mintmark/mint/lightning"
)

// Check says what there is to say of a node that is invented.
func Check(c Config) (found lightning.Findings, err error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	found.Add(lightning.Fine, "play money: there is no node, invoices are paid by themselves and payments go nowhere; units %v", c.Units)
	return found, nil
}
