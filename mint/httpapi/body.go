package httpapi

import (
	"bytes"
	"errors"
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

func (a *api) quotes() bound {
	return bound{"quotes", a.limits.MaxQuotes, cashu.CodeTooManyQuotes}
}

// read decodes the body into v. The content type is not looked at: wallets
// differ. The lists are counted before a single point of them is decoded,
// because decoding a point costs a square root.
func (a *api) read(w http.ResponseWriter, r *http.Request, v any, bounds ...bound) error {
	return a.readUpTo(a.maxBody, w, r, v, bounds...)
}

// maxSmallBody is enough for a request without lists.
const maxSmallBody = 16 << 10

// readUpTo is read with a smaller limit than that of the largest request.
func (a *api) readUpTo(limit int64, w http.ResponseWriter, r *http.Request, v any, bounds ...bound) error {
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return cashu.Errorf(cashu.CodeMalformed, "encoded bodies are not supported")
	}
	limit = min(limit, a.maxBody)
	tooLarge := cashu.Errorf(cashu.CodeTooLarge, "body is larger than %d bytes", limit)
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close") // the body is not worth reading
		return tooLarge
	}
	body := a.held.open()
	defer body.release()
	err := body.readAll(http.MaxBytesReader(w, r.Body, limit))
	switch {
	case errors.Is(err, errTooMuchHeld):
		w.Header().Set("Connection", "close")
		return cashu.Errorf(cashu.CodeUnavailable, "too many large requests at once")
	case err != nil:
		w.Header().Set("Connection", "close") // whatever is left of the body
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return tooLarge
		}
		return cashu.Errorf(cashu.CodeMalformed, "body could not be read")
	}
	if err := count(body.bytes, bounds); err != nil {
		return err
	}
	return cashu.Decode(body.bytes, v)
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
