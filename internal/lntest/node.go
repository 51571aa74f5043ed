package lntest

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// Node is one lnd.
type Node struct {
	network        *Network
	name           string
	p2p, rpc, rest string
	process        *process

	mu   sync.Mutex
	http *http.Client
}

// URL of the REST interface.
func (n *Node) URL() string { return "https://" + n.rest }

// TLSCert is the file of the certificate that clients must trust.
func (n *Node) TLSCert() string { return n.network.path(n.name, "tls.cert") }

// Macaroon is the file of the macaroon that may do everything.
func (n *Node) Macaroon() string {
	return n.network.path(n.name, "data", "chain", "bitcoin", "regtest", "admin.macaroon")
}

func (n *Node) launch() (err error) {
	home := n.network.path(n.name)
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	n.process, err = launch(filepath.Join(n.network.bin, "lnd"), home, []string{
		"--lnddir=" + home, "--noseedbackup", "--bitcoin.regtest", "--bitcoin.node=btcd",
		"--btcd.rpchost=" + n.network.chainRPC, "--btcd.rpcuser=u", "--btcd.rpcpass=p", "--btcd.rpccert=" + n.network.path("btcd", "rpc.cert"),
		"--listen=" + n.p2p, "--rpclisten=" + n.rpc, "--restlisten=" + n.rest, "--alias=" + n.name,
		"--nobootstrap", "--bitcoin.defaultchanconfs=1", "--trickledelay=50", "--no-backup-archive", "--debuglevel=info",
	})
	return err
}

// Kill ends the node with SIGKILL.
func (n *Node) Kill() { n.process.end(syscall.SIGKILL) }

// Stop ends the node with SIGTERM.
func (n *Node) Stop() { n.process.end(syscall.SIGTERM) }

// Start starts the node again and waits until it answers and has its channels.
func (n *Node) Start(t testing.TB) {
	t.Helper()
	err := n.launch()
	if err == nil {
		err = n.process.until("the node has its channels again", func() error { return n.active(context.Background()) })
	}
	if err != nil {
		t.Fatalf("starting lnd %s: %v", n.name, err)
	}
}

// Launch starts the node again and does not wait.
func (n *Node) Launch(t testing.TB) {
	t.Helper()
	if err := n.launch(); err != nil {
		t.Fatalf("starting lnd %s: %v", n.name, err)
	}
}

type info struct {
	Pubkey   string `json:"identity_pubkey"`
	Synced   bool   `json:"synced_to_chain"`
	Height   int    `json:"block_height"`
	Active   int    `json:"num_active_channels"`
	Inactive int    `json:"num_inactive_channels"`
}

func (n *Node) info(ctx context.Context) (v info, err error) {
	err = n.call(ctx, http.MethodGet, "/v1/getinfo", nil, &v)
	return v, err
}

func (n *Node) id(ctx context.Context) (string, error) {
	v, err := n.info(ctx)
	return v.Pubkey, err
}

func (n *Node) active(ctx context.Context) error {
	v, err := n.info(ctx)
	if err == nil && (v.Active == 0 || v.Inactive > 0 || !v.Synced) {
		err = errNotYet
	}
	return err
}

func (n *Node) waitSynced(ctx context.Context, height int) error {
	return n.process.until("the node has the chain", func() error {
		v, err := n.info(ctx)
		if err == nil && (!v.Synced || v.Height < height) {
			err = errNotYet
		}
		return err
	})
}

func (n *Node) newAddress(ctx context.Context) (string, error) {
	var v struct{ Address string }
	err := n.call(ctx, http.MethodGet, "/v1/newaddress?type=WITNESS_PUBKEY_HASH", nil, &v)
	return v.Address, err
}

// seesChannels tells whether the graph has so many channels with both policies. A
// payment before that may fail.
func (n *Node) seesChannels(ctx context.Context, want int) error {
	var graph struct {
		Edges []struct {
			Node1 *struct{} `json:"node1_policy"`
			Node2 *struct{} `json:"node2_policy"`
		}
	}
	if err := n.call(ctx, http.MethodGet, "/v1/graph", nil, &graph); err != nil {
		return err
	}
	whole := 0
	for _, e := range graph.Edges {
		if e.Node1 != nil && e.Node2 != nil {
			whole++
		}
	}
	if whole < want {
		return fmt.Errorf("%d of %d channels: %w", whole, want, errNotYet)
	}
	return nil
}
