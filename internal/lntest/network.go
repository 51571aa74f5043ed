package lntest

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// Network is btcd and three lnd: A has a channel with B, and B one with C. In each
// half of the money is on either side.
type Network struct {
	A, B, C *Node

	dir, bin string
	chainRPC string
	chainP2P string
	btcd     *process
}

// capacity of a channel in satoshis.
const capacity = 16_000_000

// Shared is one network for all the tests of a binary, started for the first of
// them. The zero value is ready. Keep it in a variable of the test package and call
// Stop at the end of TestMain.
type Shared struct {
	mu      sync.Mutex
	network *Network
}

// Network returns the shared network. Tests must not stop its nodes.
func (s *Shared) Network(t testing.TB) *Network {
	t.Helper()
	bin := Require(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.network == nil {
		w, err := newNetwork(bin)
		if err != nil {
			t.Fatalf("starting a Lightning network: %v", err)
		}
		s.network = w
	}
	return s.network
}

// Stop ends the network, if there is one, and removes its files.
func (s *Shared) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.network != nil {
		s.network.discard()
		s.network = nil
	}
}

// Start starts a network that belongs to one test, which may do to it what it wants.
func Start(t testing.TB) *Network {
	t.Helper()
	w, err := newNetwork(Require(t))
	if err != nil {
		t.Fatalf("starting a Lightning network: %v", err)
	}
	t.Cleanup(w.discard)
	return w
}

func newNetwork(bin string) (w *Network, err error) {
	dir, err := os.MkdirTemp("", "mmln")
	if err != nil {
		return nil, err
	}
	w = &Network{dir: dir, bin: bin}
	defer func() {
		if err != nil {
			w.discard()
		}
	}()
	addresses, err := freeAddresses(2 + 3*3)
	if err != nil {
		return nil, err
	}
	w.chainP2P, w.chainRPC = addresses[0], addresses[1]
	for i, node := range []**Node{&w.A, &w.B, &w.C} {
		*node = &Node{network: w, name: string(rune('a' + i)), p2p: addresses[2+3*i], rpc: addresses[3+3*i], rest: addresses[4+3*i]}
	}
	if err := os.Mkdir(w.path("btcd"), 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(w.path("btcd", "btcd.conf"), nil, 0o600); err != nil {
		return nil, err
	}
	return w, w.build()
}

// build starts everything in the order that works: a miner needs the address of a
// wallet, a wallet needs a chain, and a wallet finds its coins with the next block.
func (w *Network) build() error {
	ctx := context.Background()
	if err := w.startChain(""); err != nil {
		return err
	}
	if err := w.A.launch(); err != nil {
		return err
	}
	var miner string
	if err := w.A.process.until("there is a wallet", func() (err error) {
		miner, err = w.A.newAddress(ctx)
		return err
	}); err != nil {
		return err
	}
	w.A.process.end(syscall.SIGTERM)
	w.btcd.end(syscall.SIGTERM)
	if err := w.startChain(miner); err != nil {
		return err
	}
	if err := w.rpc("generate", 450); err != nil {
		return fmt.Errorf("mining: %w", err)
	}
	for _, n := range w.nodes() {
		if err := n.launch(); err != nil {
			return err
		}
	}
	for _, n := range w.nodes() {
		if err := n.waitSynced(ctx, 450); err != nil {
			return err
		}
	}
	if err := w.Mine(1); err != nil {
		return err
	}
	address, err := w.B.newAddress(ctx)
	if err != nil {
		return err
	}
	if err := w.A.process.until("A can pay B on the chain", func() error {
		return w.A.call(ctx, http.MethodPost, "/v1/transactions", map[string]any{"addr": address, "amount": "100000000", "sat_per_vbyte": "2"}, nil)
	}); err != nil {
		return err
	}
	if err := w.Mine(1); err != nil {
		return err
	}
	if err := w.open(ctx, w.A, w.B); err != nil {
		return err
	}
	if err := w.open(ctx, w.B, w.C); err != nil {
		return err
	}
	for _, n := range w.nodes() {
		if err := n.process.until("the graph has both channels", func() error { return n.seesChannels(ctx, 2) }); err != nil {
			return err
		}
	}
	return nil
}

func (w *Network) nodes() []*Node { return []*Node{w.A, w.B, w.C} }

func (w *Network) path(elem ...string) string {
	return filepath.Join(append([]string{w.dir}, elem...)...)
}

func (w *Network) startChain(miner string) (err error) {
	args := []string{
		"--regtest", "--txindex", "--nodnsseed", "--nobanning", "--nostalldetect", "--trickleinterval=100ms",
		"--datadir=" + w.path("btcd", "data"), "--logdir=" + w.path("btcd", "log"), "--configfile=" + w.path("btcd", "btcd.conf"),
		"--listen=" + w.chainP2P, "--rpclisten=" + w.chainRPC, "--rpcuser=u", "--rpcpass=p",
		"--rpccert=" + w.path("btcd", "rpc.cert"), "--rpckey=" + w.path("btcd", "rpc.key"),
	}
	if miner != "" {
		args = append(args, "--miningaddr="+miner)
	}
	if w.btcd, err = launch(filepath.Join(w.bin, "btcd"), w.path("btcd"), args); err != nil {
		return err
	}
	return w.btcd.until("btcd answers", func() error { return w.rpc("getblockcount") })
}

// Mine adds blocks to the chain.
func (w *Network) Mine(blocks int) error {
	if err := w.rpc("generate", blocks); err != nil {
		return fmt.Errorf("mining: %w", err)
	}
	return nil
}

// open opens a channel, half of it on either side.
func (w *Network) open(ctx context.Context, from, to *Node) error {
	peer, err := to.id(ctx)
	if err != nil {
		return err
	}
	key, err := hex.DecodeString(peer)
	if err != nil {
		return err
	}
	err = from.process.until("the peers are connected", func() error {
		err := from.call(ctx, http.MethodPost, "/v1/peers", map[string]any{"addr": map[string]any{"pubkey": peer, "host": to.p2p}}, nil)
		if err != nil && err.Error() == "already connected to peer: "+peer+"@"+to.p2p {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	err = from.process.until("the channel is opened", func() error {
		return from.call(ctx, http.MethodPost, "/v1/channels", map[string]any{
			"node_pubkey": base64.StdEncoding.EncodeToString(key), "local_funding_amount": fmt.Sprint(capacity),
			"push_sat": fmt.Sprint(capacity / 2), "sat_per_vbyte": "2",
		}, nil)
	})
	if err != nil {
		return err
	}
	return w.Mine(6)
}

// discard ends all processes and removes their files.
func (w *Network) discard() {
	for _, n := range w.nodes() {
		if n != nil {
			n.process.end(syscall.SIGKILL)
		}
	}
	w.btcd.end(syscall.SIGKILL)
	_ = os.RemoveAll(w.dir)
}

var errNotYet = errors.New("not yet")
