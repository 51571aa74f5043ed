package httpapi

import (
	"bytes"
	"errors"
	"io"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"mintmark/cashu"
)

// bound is the most elements that a list at the top of a body may have, and the
// refusal if there are more.
type bound struct {
	list string
	max  int
	code cashu.Code
}

func (a *api) inputs() bound {
	return bound{"inputs", a.limits.MaxInputs, cashu.CodeTooManyInputs}
}

func (a *api) outputs() bound {
	return bound{"outputs", a.limits.MaxOutputs, cashu.CodeTooManyOutputs}
}

func (a *api) states() bound {
	return bound{"Ys", a.limits.MaxStates, cashu.CodeTooManyInputs}
}

// read decodes the body into v. The content type is not looked at: wallets
// differ. The lists are counted before a single point of them is decoded,
// because decoding a point costs a square root.
func (a *api) read(w http.ResponseWriter, r *http.Request, v any, bounds ...bound) error {
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return cashu.Errorf(cashu.CodeMalformed, "encoded bodies are not supported")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, a.maxBody))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		w.Header().Set("Connection", "close") // the rest of the body is not worth reading
		return cashu.Errorf(cashu.CodeTooLarge, "body is larger than %d bytes", tooLarge.Limit)
	}
	if err != nil {
		return cashu.Errorf(cashu.CodeMalformed, "body could not be read")
	}
	if err := count(body, bounds); err != nil {
		return err
	}
	return cashu.Decode(body, v)
}

// count goes through the body without decoding it and stops at the first list
// that is too long. Anything else that is wrong is left for the decoder, which
// sees the same bytes and so stops no later than here.
func count(body []byte, bounds []bound) error {
	if len(bounds) == 0 {
		return nil
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(body))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return nil
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return nil
		}
		b, found := find(bounds, name.String())
		if !found || d.PeekKind() != '[' {
			if d.SkipValue() != nil {
				return nil
			}
			continue
		}
		if err := b.check(d); err != nil {
			return err
		}
	}
	return nil
}

func find(bounds []bound, name string) (bound, bool) {
	for _, b := range bounds {
		if b.list == name {
			return b, true
		}
	}
	return bound{}, false
}

// check reads one list. A broken one is not an error here: the next PeekKind of
// the caller sees it.
func (b bound) check(d *jsontext.Decoder) error {
	if _, err := d.ReadToken(); err != nil {
		return nil
	}
	for n := 0; d.PeekKind() != ']'; n++ {
		if n == b.max {
			return cashu.Errorf(b.code, "%s has more than the %d allowed", b.list, b.max)
		}
		if d.SkipValue() != nil {
			return nil
		}
	}
	_, _ = d.ReadToken()
	return nil
}
