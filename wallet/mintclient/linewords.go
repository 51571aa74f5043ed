package mintclient

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"mintmark/cashu"
)

// The words of NUT-17, which are JSON-RPC 2.0.

type lineRequest struct {
	JSONRPC string     `json:"jsonrpc"`
	Method  string     `json:"method"`
	Params  lineParams `json:"params"`
	ID      int        `json:"id"`
}

type lineParams struct {
	Kind    string   `json:"kind,omitzero"`
	SubID   string   `json:"subId"`
	Filters []string `json:"filters,omitzero"`
}

// requests is what the mint has not been told: which watches there are, and which
// there are no more.
func (l *line) requests(told map[string]bool, n *int) (list [][]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ask := func(method string, p lineParams) {
		*n++
		text, err := cashu.Encode(lineRequest{"2.0", method, p, *n})
		if err == nil {
			list = append(list, text)
		}
	}
	for id := range told {
		if l.watches[id] == nil {
			delete(told, id)
			ask("unsubscribe", lineParams{SubID: id})
		}
	}
	for id, w := range l.watches {
		if !told[id] {
			told[id] = true
			ask("subscribe", lineParams{w.topic.Kind, id, w.topic.Filters})
		}
	}
	return list
}

// lineMessage is an answer or a notification.
type lineMessage struct {
	Method string `json:"method"`
	Params struct {
		SubID   string         `json:"subId"`
		Payload jsontext.Value `json:"payload"`
	} `json:"params"`
	Result struct {
		Status string `json:"status"`
		SubID  string `json:"subId"`
	} `json:"result"`
}

// hear takes a message in, and returns how many the mint may send at once. An
// error answers a request that the mint does not grant: its watch goes on without.
func (l *line) hear(text []byte) (burst int, err error) {
	var m lineMessage
	if err := cashu.Decode(text, &m); err != nil {
		return 0, fmt.Errorf("what the mint says makes no sense: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	burst = messageBurst
	for _, w := range l.watches {
		burst += 2 * len(w.topic.Filters)
	}
	if w := l.watches[m.Result.SubID]; w != nil && m.Result.Status == "OK" {
		w.live.Store(true)
	}
	if w := l.watches[m.Params.SubID]; w != nil && m.Method == "subscribe" {
		w.live.Store(true)
		var payload struct {
			State string `json:"state"`
		}
		_ = cashu.Decode(m.Params.Payload, &payload) // what has no state is news as well
		w.hear(payload.State)
	}
	return burst, nil
}
