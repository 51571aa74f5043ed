package mintclient

import (
	"slices"

	"github.com/go-json-experiment/json"

	"mintmark/cashu"
)

// PaysParts tells whether the mint says that it can pay a part of an invoice
// (NUT-15). Older mints write the bare list.
func (i Info) PaysParts(method string, unit cashu.Unit) bool {
	type way struct {
		Method string     `json:"method"`
		Unit   cashu.Unit `json:"unit"`
	}
	var v struct {
		Methods  []way `json:"methods"`
		Disabled bool  `json:"disabled"`
	}
	raw := i.nuts["15"]
	if json.Unmarshal(raw, &v) != nil && json.Unmarshal(raw, &v.Methods) != nil {
		return false
	}
	return !v.Disabled && slices.Contains(v.Methods, way{method, unit})
}
