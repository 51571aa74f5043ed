package harness

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// NodeWallet is a running wallet of another project that is written in JavaScript,
// driven by a script of ours in the folder wallets. One call at a time.
type NodeWallet struct {
	t     testing.TB
	name  string // of the package, without its owner
	mu    sync.Mutex
	in    *json.Encoder
	lines chan string
}

// WalletError is what the foreign wallet made of a failure. Code is the mint's
// error code, 0 when the mint did not say one.
type WalletError struct {
	Wallet  string `json:"-"`
	Name    string `json:"name"`
	Message string `json:"message"`
	Code    int    `json:"code"`
	Status  int    `json:"status"`
}

func (e *WalletError) Error() string {
	return fmt.Sprintf("%s: %s: %s (code %d, status %d)", e.Wallet, e.Name, e.Message, e.Code, e.Status)
}

// StartCashuTS starts the library cashu-ts; dir is the folder wallets with the
// scripts and their installed packages.
func StartCashuTS(t testing.TB, dir string) *NodeWallet {
	t.Helper()
	return startNodeWallet(t, dir, "cashu-ts")
}

// StartCoco starts the library coco-core; dir is that of StartCashuTS.
func StartCoco(t testing.TB, dir string) *NodeWallet {
	t.Helper()
	return startNodeWallet(t, dir, "coco-core")
}

func startNodeWallet(t testing.TB, dir, name string) *NodeWallet {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "@cashu", name)); err != nil {
		t.Fatalf("the wallet %s is not installed (make e2e does that): %v", name, err)
	}
	cmd := exec.Command("node", "--experimental-websocket", name+".mjs") // which node 20 needs, and later ones ignore
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	complaints := new(lockedBuffer)
	cmd.Stderr = complaints

	w := &NodeWallet{t: t, name: name, in: json.NewEncoder(in), lines: make(chan string, 16)}
	started, ended := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread() // see start
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		scan := bufio.NewScanner(out)
		scan.Buffer(nil, 16<<20)
		for scan.Scan() {
			w.lines <- scan.Text()
		}
		close(w.lines)
		_ = cmd.Wait() // how it ended does not matter
	}()
	if err := <-started; err != nil {
		t.Fatalf("starting node (the wallet needs it): %v", err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
		if t.Failed() {
			t.Logf("%s complained: %s", name, complaints)
		}
	})
	return w
}

// Call runs one operation of the script. The error is a *WalletError.
func (w *NodeWallet) Call(op string, args, out any) error {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.in.Encode(map[string]any{"op": op, "args": args}); err != nil {
		w.t.Fatalf("telling %s to %s: %v", w.name, op, err)
	}
	var line string
	select {
	case l, ok := <-w.lines:
		if !ok {
			w.t.Fatalf("%s ended in the middle of %s", w.name, op)
		}
		line = l
	case <-time.After(3 * patience):
		w.t.Fatalf("%s takes too long to %s", w.name, op)
	}
	var answer struct {
		OK    json.RawMessage `json:"ok"`
		Error *WalletError    `json:"error"`
	}
	if err := json.Unmarshal([]byte(line), &answer); err != nil {
		w.t.Fatalf("reading what %s said to %s: %v: %s", w.name, op, err, line)
	}
	if answer.Error != nil {
		answer.Error.Wallet = w.name
		return answer.Error
	}
	if out != nil {
		if err := json.Unmarshal(answer.OK, out); err != nil {
			w.t.Fatalf("reading what %s said to %s: %v: %s", w.name, op, err, line)
		}
	}
	return nil
}

// Must is Call for what has to succeed.
func (w *NodeWallet) Must(op string, args, out any) {
	w.t.Helper()
	if err := w.Call(op, args, out); err != nil {
		w.t.Fatalf("%s: %v", op, err)
	}
}

// lockedBuffer keeps what a process writes while the test may read it.
type lockedBuffer struct {
	mu sync.Mutex
	b  []byte
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b = append(l.b, p...)
	return len(p), nil
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.b)
}

var _ io.Writer = (*lockedBuffer)(nil)
