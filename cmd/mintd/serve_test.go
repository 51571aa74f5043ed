package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// lockedBuffer collects what a running mintd prints.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// await waits until the text was printed and returns what follows it on its line.
func (b *lockedBuffer) await(t *testing.T, text string) string {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if _, after, found := strings.Cut(b.String(), text); found {
			line, _, _ := strings.Cut(after, "\n")
			return line
		}
	}
	t.Fatalf("%q was never printed:\n%s", text, b.String())
	return ""
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestServeStartsItsSignatoryAnswersAndStopsInOrder(t *testing.T) {
	t.Parallel()
	cfg := spawnConfig(t)
	args := []string{"serve", "--data", cfg.Data, "--listen", "127.0.0.1:0", "--signatory-program", cfg.Signatory.Program}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out lockedBuffer
	code := make(chan int, 1)
	go func() { code <- run(ctx, args, strings.NewReader(""), io.Discard, &out) }()

	out.await(t, "FIRST START")
	url := out.await(t, "listens on ")
	out.await(t, "msg=listening child=signatory") // what the child says is in the log

	if status, body := get(t, url+"/v1/info"); status != 200 || !strings.Contains(body, "play money") {
		t.Errorf("info: %d %s", status, body)
	}
	// The signatory of this test makes no keysets.
	if status, body := get(t, url+"/health"); status != 503 || !strings.Contains(body, `"database":true`) {
		t.Errorf("health: %d %s", status, body)
	}
	if status, _ := get(t, url+"/v1/keysets"); status != 503 {
		t.Errorf("keysets: %d", status)
	}

	// The data are taken.
	var second bytes.Buffer
	if got := run(t.Context(), args, strings.NewReader(""), io.Discard, &second); got != 1 || !strings.Contains(second.String(), "in use") {
		t.Errorf("a second mintd on the same data: exit code %d, %s", got, second.String())
	}

	stop()
	select {
	case got := <-code:
		if got != 0 {
			t.Errorf("exit code %d:\n%s", got, out.String())
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("mintd does not stop:\n%s", out.String())
	}
	if _, err := net.Dial("unix", filepath.Join(cfg.Data, "signatory.sock")); err == nil {
		t.Error("the signatory outlived the mint")
	}
	if strings.Contains(out.String(), "abandon") {
		t.Error("the log shows the seed")
	}
}

func TestServeFailsBeforeAnythingIsMadeWhenTheAddressIsTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	cfg := spawnConfig(t)
	code, _, errs := command(t, "serve", "--data", cfg.Data, "--listen", taken.Addr().String(), "--signatory-program", cfg.Signatory.Program)
	if code != 1 || !strings.Contains(errs, "address already in use") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if got := names(t, cfg.Data); got != "" {
		t.Errorf("the data directory has %q", got)
	}
}

// fakeRunner is a mint that says when it is told to stop.
type fakeRunner struct {
	stopped chan struct{}
	err     error
}

func (f *fakeRunner) Ready() <-chan struct{} { return nil }
func (f *fakeRunner) Run(ctx context.Context) error {
	<-ctx.Done()
	close(f.stopped)
	return f.err
}

// plain is a site without WebSockets.
type plain struct{ http.Handler }

func (plain) CloseSockets(context.Context) {}

// begin runs a mint whose only route waits for release, with one request in it.
func begin(t *testing.T, stopTimeout time.Duration) (m *fakeRunner, stop func(), release chan struct{}, answer, ended chan error, url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m = &fakeRunner{stopped: make(chan struct{})}
	release, arrived := make(chan struct{}), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
	})
	ctx, stop := context.WithCancel(t.Context())
	ended, answer = make(chan error, 1), make(chan error, 1)
	go func() {
		ended <- runMint(ctx, m, plain{handler}, l, stopTimeout, slog.New(slog.DiscardHandler))
	}()
	url = "http://" + l.Addr().String()
	go func() {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := client.Get(url)
		if err == nil {
			resp.Body.Close()
		}
		answer <- err
	}()
	<-arrived
	return m, stop, release, answer, ended, url
}

func TestARequestUnderWayIsFinishedBeforeTheMintStops(t *testing.T) {
	t.Parallel()
	m, stop, release, answer, ended, url := begin(t, time.Minute)
	stop()
	for { // until the door is closed
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			break
		}
		_ = conn.Close()
	}
	select {
	case <-m.stopped:
		t.Error("the mint was stopped under a request")
	case <-time.After(20 * time.Millisecond):
	}
	close(release)
	if err := <-answer; err != nil {
		t.Errorf("the request was cut off: %v", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("runMint: %v", err)
	}
	<-m.stopped
}

func TestARequestThatTakesTooLongIsDropped(t *testing.T) {
	t.Parallel()
	m, stop, release, answer, ended, _ := begin(t, 10*time.Millisecond)
	defer close(release)
	m.err = errors.New("the mint has something to say")
	stop()
	if err := <-answer; err == nil {
		t.Error("the request was answered")
	}
	if err := <-ended; !errors.Is(err, m.err) {
		t.Errorf("runMint: %v", err)
	}
	<-m.stopped
}

func TestWhenServingFailsTheMintStops(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	m := &fakeRunner{stopped: make(chan struct{})}
	err = runMint(t.Context(), m, plain{http.NotFoundHandler()}, l, time.Second, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "serving wallets") {
		t.Errorf("error is %v", err)
	}
	<-m.stopped
}
