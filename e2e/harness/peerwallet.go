package harness

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"mintmark/internal/child"
)

// PeerWallet is a running wallet of another project, driven line by line by a
// program of ours around the published package. One call at a time.
type PeerWallet struct {
	t     testing.TB
	name  string
	mu    sync.Mutex
	in    *json.Encoder
	lines chan string
	end   func()
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

// Installed is the folder of what "make wallets" installs, seen from the tests.
const Installed = "wallets"

// StartCashuTS starts the library cashu-ts.
func StartCashuTS(t testing.TB) *PeerWallet {
	t.Helper()
	return startScript(t, "cashu-ts")
}

// StartCoco starts the library coco-core.
func StartCoco(t testing.TB) *PeerWallet {
	t.Helper()
	return startScript(t, "coco-core")
}

// StartGonuts starts the wallet of gonuts.
func StartGonuts(t testing.TB) *PeerWallet {
	t.Helper()
	program, err := filepath.Abs(filepath.Join(Installed, "installed", "gonutswallet"))
	if err != nil {
		t.Fatal(err)
	}
	needInstalled(t, "gonuts", program)
	return startPeer(t, "gonuts", exec.Command(program))
}

func startScript(t testing.TB, name string) *PeerWallet {
	t.Helper()
	needInstalled(t, name, filepath.Join(Installed, "node_modules", "@cashu", name))
	cmd := exec.Command("node", "--experimental-websocket", name+".mjs") // which node 20 needs, and later ones ignore
	cmd.Dir = Installed
	return startPeer(t, name, cmd)
}

func needInstalled(t testing.TB, name, path string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the wallet of %s is not installed (make wallets does that): %v", name, err)
	}
}

func startPeer(t testing.TB, name string, cmd *exec.Cmd) *PeerWallet {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	complaints := new(lockedBuffer)
	cmd.Stderr = complaints

	w := &PeerWallet{t: t, name: name, in: json.NewEncoder(in), lines: make(chan string, 16)}
	out, ended, err := startTalking(cmd)
	if err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	go func() {
		scan := bufio.NewScanner(out)
		scan.Buffer(nil, 16<<20)
		for scan.Scan() {
			w.lines <- scan.Text()
		}
		close(w.lines)
		_, _ = io.Copy(io.Discard, out)
	}()
	w.end = sync.OnceFunc(func() {
		_ = in.Close()
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
	})
	t.Cleanup(func() {
		w.end()
		if t.Failed() {
			t.Logf("%s complained: %s", name, complaints)
		}
	})
	return w
}

// startTalking starts a program whose output is read while it runs: to the end, or it
// never ends.
func startTalking(cmd *exec.Cmd) (io.Reader, <-chan error, error) {
	out, in := io.Pipe()
	cmd.Stdout = in
	ended, err := child.Start(cmd)
	if err != nil {
		return nil, nil, err
	}
	result := make(chan error, 1)
	go func() {
		err := <-ended
		_ = in.Close()
		result <- err
	}()
	return out, result, nil
}

// End kills the wallet. What it keeps on disk stays.
func (w *PeerWallet) End() { w.end() }

// Call runs one operation of the script. The error is a *WalletError.
func (w *PeerWallet) Call(op string, args, out any) error {
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
func (w *PeerWallet) Must(op string, args, out any) {
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
