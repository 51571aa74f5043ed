package server

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"mintmark/signatory"
)

func TestTheSocketHasItsModeAndGoesWithTheServer(t *testing.T) {
	t.Parallel()
	for _, mode := range []fs.FileMode{0, 0o660} {
		path := socketPath(t)
		r := serve(t, Config{Keystore: newFake(t), Listen: "unix:" + path, SocketMode: mode})
		want := mode
		if want == 0 {
			want = 0o600
		}
		info, err := os.Lstat(path)
		if err != nil || info.Mode() != fs.ModeSocket|want {
			t.Fatalf("%v, %v", info.Mode(), err)
		}
		if r.addr.String() != path {
			t.Errorf("it says that it listens on %s", r.addr)
		}
		if _, err := dial(t, signatory.ClientConfig{Address: "unix:" + path}).Keysets(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}

// abandon leaves a socket behind, as a killed process does.
func abandon(t *testing.T, path string) {
	t.Helper()
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	ln.SetUnlinkOnClose(false)
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestADeadSocketIsReplaced(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	abandon(t, path)
	serve(t, Config{Keystore: newFake(t), Listen: "unix:" + path})
	if _, err := dial(t, signatory.ClientConfig{Address: "unix:" + path}).Keysets(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestALivingSocketIsNotTouched(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	serve(t, Config{Keystore: newFake(t), Listen: "unix:" + path})
	s, err := New(Config{Keystore: newFake(t), OutputCheck: checkNothing, Listen: "unix:" + path})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(t.Context()); !errors.Is(err, ErrAddressInUse) || !strings.Contains(err.Error(), path) {
		t.Fatal(err)
	}
	if _, err := dial(t, signatory.ClientConfig{Address: "unix:" + path}).Keysets(t.Context()); err != nil {
		t.Fatalf("the first one no longer answers: %v", err)
	}
}

func TestWhatIsNoSocketIsNotTouched(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{Keystore: newFake(t), OutputCheck: checkNothing, Listen: "unix:" + path})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(t.Context()); err == nil || !strings.Contains(err.Error(), "not a unix socket") {
		t.Fatal(err)
	}
	if data, _ := os.ReadFile(path); string(data) != "precious" {
		t.Fatal("it was touched")
	}
}

func TestOfManyThatFindADeadSocketOneWins(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	abandon(t, path)
	var won, lost atomic.Int64
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	const servers = 8
	for range servers {
		s, err := New(Config{Keystore: newFake(t), OutputCheck: checkNothing, Listen: "unix:" + path, Ready: func(net.Addr) { won.Add(1) }})
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			if errors.Is(s.Serve(ctx), ErrAddressInUse) {
				lost.Add(1)
			}
		})
	}
	eventually(t, "all have tried", func() bool { return won.Load()+lost.Load() == servers })
	if won.Load() != 1 {
		t.Errorf("%d servers listen on one socket", won.Load())
	}
	cancel()
	wg.Wait()
}

func TestClosingLeavesTheSocketOfASuccessor(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	first, err := listenUnix(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	second, err := listenUnix(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Fatalf("the first took the second's socket along: %v", err)
	}
}

func TestSocketsThatCannotBeMadeSaySo(t *testing.T) {
	t.Parallel()
	long := filepath.Join(t.TempDir(), strings.Repeat("d", 60))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(t.TempDir(), "none", "s"): "no such file",
		filepath.Join(long, "s"):                "too long",
	} {
		if ln, err := listenUnix(path, 0o600); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", path, ln, err)
		}
	}
}
