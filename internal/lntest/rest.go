package lntest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// call asks the node over REST, with all rights. in and out may be nil; of a stream
// the messages are given to each, until it says stop.
func (n *Node) call(ctx context.Context, method, path string, in, out any) error {
	return n.stream(ctx, method, path, in, func(line json.RawMessage) (bool, error) {
		if out == nil {
			return true, nil
		}
		return true, json.Unmarshal(line, out)
	})
}

func (n *Node) stream(ctx context.Context, method, path string, in any, each func(json.RawMessage) (stop bool, err error)) error {
	client, err := n.client()
	if err != nil {
		return err
	}
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "https://"+n.rest+path, body)
	if err != nil {
		return err
	}
	if macaroon, err := os.ReadFile(n.Macaroon()); err == nil {
		req.Header.Set("Grpc-Metadata-macaroon", hex.EncodeToString(macaroon))
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	lines := json.NewDecoder(res.Body)
	for {
		var line json.RawMessage
		if err := lines.Decode(&line); err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
		var wrapped struct {
			Result json.RawMessage
			Error  *struct{ Message string }
			Code   int
			Msg    string `json:"message"`
		}
		if err := json.Unmarshal(line, &wrapped); err == nil {
			if wrapped.Error != nil {
				return errors.New(wrapped.Error.Message)
			}
			if wrapped.Code != 0 {
				return errors.New(wrapped.Msg)
			}
			if wrapped.Result != nil {
				line = wrapped.Result
			}
		}
		stop, err := each(line)
		if err != nil || stop {
			return err
		}
	}
}

func (n *Node) client() (*http.Client, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.http != nil {
		return n.http, nil
	}
	pem, err := os.ReadFile(n.TLSCert())
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("tls.cert is no certificate")
	}
	n.http = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, IdleConnTimeout: time.Second}}
	return n.http, nil
}

// rpc asks btcd.
func (w *Network) rpc(method string, params ...any) error {
	pem, err := os.ReadFile(w.path("btcd", "rpc.cert"))
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	client := &http.Client{
		Timeout:   patience,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true},
	}
	if params == nil {
		params = []any{}
	}
	text, err := json.Marshal(map[string]any{"jsonrpc": "1.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, "https://"+w.chainRPC, strings.NewReader(string(text)))
	if err != nil {
		return err
	}
	req.SetBasicAuth("u", "p")
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var answer struct{ Error *struct{ Message string } }
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Error != nil {
		return errors.New(answer.Error.Message)
	}
	return nil
}
