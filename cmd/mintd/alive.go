package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
)

// answersAt asks ourselves, as a wallet would, whether we live: through the
// listener, a new connection and the routes, and nothing behind them.
func answersAt(at net.Addr) func(context.Context) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+at.String()+"/health/live", http.NoBody)
		if err != nil {
			return err
		}
		answer, err := client.Do(r)
		if err != nil {
			return err
		}
		if err := answer.Body.Close(); err != nil {
			return err
		}
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("it answers %s", answer.Status)
		}
		return nil
	}
}
