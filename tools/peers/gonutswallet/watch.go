package main

import (
	"encoding/json"
	"sync"

	"github.com/elnosh/gonuts/cashu/nuts/nut17"
	"github.com/elnosh/gonuts/wallet/submanager"
)

// watch keeps what the mint told over a WebSocket until it is asked for.
type watch struct {
	manager *submanager.SubscriptionManager

	mu    sync.Mutex
	heard []string
}

// tries is how often a subscription is tried: the library loses an answer that comes
// before it has noted the question.
const tries = 4

// subscribe opens a WebSocket and asks for one quote.
func subscribe(url, quote string) (manager *submanager.SubscriptionManager, sub *submanager.Subscription, err error) {
	for range tries {
		if manager, err = submanager.NewSubscriptionManager(url); err != nil {
			return nil, nil, err
		}
		go manager.Run(make(chan error, 1))
		if sub, err = manager.Subscribe(nut17.Bolt11MintQuote, []string{quote}); err == nil {
			return manager, sub, nil
		}
		_ = manager.Close() // the error before says more
	}
	return nil, nil, err
}

// watchMintQuote keeps the states of a quote.
func (d *driver) watchMintQuote(quote string) (any, error) {
	manager, sub, err := subscribe(d.url, quote)
	if err != nil {
		return nil, err
	}
	w := &watch{manager: manager}
	go func() {
		for {
			said, err := sub.Read()
			if err != nil {
				w.add("error: " + err.Error())
				return
			}
			var payload struct {
				State string `json:"state"`
			}
			if err := json.Unmarshal(said.Params.Payload, &payload); err != nil {
				w.add("error: " + err.Error())
				return
			}
			w.add(payload.State)
		}
	}()
	d.watches = append(d.watches, w)
	return len(d.watches) - 1, nil
}

func (w *watch) add(word string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard = append(w.heard, word)
}

func (w *watch) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{}, w.heard...)
}
