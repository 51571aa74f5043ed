package harness

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
)

// inspector holds every refusal that passes to the promise that no answer shows
// the inside of the mint, whoever asked and whatever he makes of it.
type inspector struct {
	t       testing.TB
	base    http.RoundTripper
	secrets *Secrets
}

// RoundTrip passes the request and the answer on as they are.
func (i *inspector) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := i.base.RoundTrip(req)
	if err != nil || resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusSwitchingProtocols {
		return resp, err
	}
	text, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	i.inspect(req.URL.Path, resp.StatusCode, text)
	resp.Body = io.NopCloser(bytes.NewReader(text))
	return resp, nil
}

func (i *inspector) inspect(path string, status int, body []byte) {
	var e struct {
		Code   int    `json:"code"`
		Detail string `json:"detail"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		i.t.Errorf("%s answered %d with a body that is no error object: %q", path, status, body)
	}
	if shown := insides.Find(body); shown != nil {
		i.t.Errorf("%s answered %d %s, which shows the inside of the mint: %q", path, status, body, shown)
	}
	if shown := i.secrets.Find(string(body)); shown != "" {
		i.t.Errorf("%s answered %d with a body that shows the secret %s", path, status, shown)
	}
}
