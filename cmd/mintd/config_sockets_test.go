package main

import (
	"testing"
	"time"

	"mintmark/mint/httpapi"
)

func TestTheNumbersOfWebSocketsAreHandedOn(t *testing.T) {
	t.Parallel()
	cfg, err := loadText(t, "[sockets]\nconnections = 7\nper_address = 6\nsubscriptions = 5\nfilters = 4\nidle = \"3s\"\nping = \"2s\"\n")
	if err != nil {
		t.Fatal(err)
	}
	want := httpapi.SocketLimits{Connections: 7, PerAddress: 6, Subscriptions: 5, Filters: 4, Idle: 3 * time.Second, Ping: 2 * time.Second}
	if got := cfg.Sockets.limits(); got != want {
		t.Errorf("limits are %+v, want %+v", got, want)
	}
}
