package mintclient

import (
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"mintmark/cashu"
	"mintmark/internal/printable"
)

// Info is what a mint says that it offers (NUT-06). What cannot be read counts as
// not offered: mints write these settings in many ways.
type Info struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	Description string `json:"description"`
	MOTD        string `json:"motd"`
	MaxArray    int    `json:"max_array_length"`

	nuts map[string]jsontext.Value
	Raw  []byte `json:"-"`
}

// ParseInfo reads a kept or a fresh answer.
func ParseInfo(raw []byte) (Info, error) {
	var v struct {
		Info
		Nuts map[string]jsontext.Value `json:"nuts"`
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return Info{}, err
	}
	v.nuts, v.Raw = v.Nuts, raw
	for _, text := range []*string{&v.Name, &v.Version, &v.Description, &v.MOTD} {
		*text = printable.Text(*text, mostText)
	}
	return v.Info, nil
}

// Supports tells whether the mint says that it has a NUT.
func (i Info) Supports(nut int) bool {
	raw, ok := i.nuts[strconv.Itoa(nut)]
	if !ok {
		return false
	}
	var v struct {
		Supported jsontext.Value `json:"supported"`
		Disabled  bool           `json:"disabled"`
	}
	if json.Unmarshal(raw, &v) != nil || v.Disabled {
		return false
	}
	return string(v.Supported) != "false"
}

// Method is a way to pay in or out, with its limits; 0 is none.
type Method struct {
	Method    string       `json:"method"`
	Unit      cashu.Unit   `json:"unit"`
	MinAmount cashu.Amount `json:"min_amount"`
	MaxAmount cashu.Amount `json:"max_amount"`
}

// Methods are the ways to pay in (NUT 4) or out (NUT 5).
func (i Info) Methods(nut int) []Method {
	var v struct {
		Methods  []Method `json:"methods"`
		Disabled bool     `json:"disabled"`
	}
	if json.Unmarshal(i.nuts[strconv.Itoa(nut)], &v) != nil || v.Disabled {
		return nil
	}
	return v.Methods
}

// Subscribes tells whether the mint reports changes of a kind (NUT-17).
func (i Info) Subscribes(unit cashu.Unit, command string) bool {
	var v struct {
		Supported []struct {
			Unit     cashu.Unit `json:"unit"`
			Commands []string   `json:"commands"`
		} `json:"supported"`
	}
	if json.Unmarshal(i.nuts["17"], &v) != nil {
		return false
	}
	for _, s := range v.Supported {
		for _, c := range s.Commands {
			if s.Unit == unit && c == command {
				return true
			}
		}
	}
	return false
}
