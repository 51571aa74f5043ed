package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"sync"
)

// refusals remembers the last answer of the mint that was an error. The wallet
// makes a sentence of it, in which the code is lost.
type refusals struct {
	next http.RoundTripper

	mu           sync.Mutex
	code, status int
}

// RoundTrip implements http.RoundTripper.
func (r *refusals) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.next.RoundTrip(req)
	if err != nil || resp.StatusCode < http.StatusBadRequest {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close() // all of it is read
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	var said struct {
		Code int `json:"code"`
	}
	_ = json.Unmarshal(body, &said) // whatever else it is has no code
	r.mu.Lock()
	defer r.mu.Unlock()
	r.code, r.status = said.Code, resp.StatusCode
	return resp, nil
}

func (r *refusals) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.code, r.status = 0, 0
}

func (r *refusals) last() (code, status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.code, r.status
}
