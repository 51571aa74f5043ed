package harness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BuildProcessor compiles the example processor into dir and returns its path.
func BuildProcessor(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "example-processor")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", path, "mintmark/examples/processor").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the example processor: %w\n%s", err, out)
	}
	return path, nil
}

// Processor is a running example processor. It may be killed and started again.
type Processor struct {
	*Process
	// Address is where a mint calls it, without TLS unless the arguments say -tls.
	Address string
	// Ledger is its file.
	Ledger string

	console string
	launch  launch
}

// StartProcessor starts the example processor that BuildProcessor made, with its files
// in dir, and waits until it is there.
func StartProcessor(t testing.TB, program, dir string, args ...string) *Processor {
	t.Helper()
	p := &Processor{Address: FreeAddress(t), Ledger: filepath.Join(dir, "ledger"), console: FreeAddress(t)}
	p.launch = launch{
		name: "the example processor", path: program, log: filepath.Join(dir, "processor.log"),
		args: append([]string{"-listen", p.Address, "-console", p.console, "-ledger", p.Ledger}, args...),
	}
	p.Start(t)
	return p
}

// Start starts it again where it was.
func (p *Processor) Start(t testing.TB) {
	t.Helper()
	p.Process = start(t, p.launch)
	p.until("it listens", func() error {
		for _, address := range []string{p.Address, p.console} {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				return err
			}
			if err := conn.Close(); err != nil {
				return err
			}
		}
		return nil
	})
}

// Pay lets somebody outside pay a request of the processor; 0 is what it asks for.
func (p *Processor) Pay(request string, amount uint64) error {
	return p.say("/pay", url.Values{"request": {request}, "amount": {strconv.FormatUint(amount, 10)}})
}

// Release lets a payee whose invoice says "hold" take what he holds, or not. It fails as
// long as there is nothing.
func (p *Processor) Release(request string, take bool) error {
	return p.say("/release", url.Values{"request": {request}, "take": {strconv.FormatBool(take)}})
}

// Paid tells how much went out for each request, in thousandths of a satoshi.
func (p *Processor) Paid() (map[string]uint64, error) {
	answer, err := consoleClient.Get("http://" + p.console + "/paid")
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var sums map[string]uint64
	return sums, json.NewDecoder(answer.Body).Decode(&sums)
}

var consoleClient = &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}

func (p *Processor) say(path string, values url.Values) error {
	answer, err := consoleClient.PostForm("http://"+p.console+path, values)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = errors.New(strings.TrimSpace(string(text)))
	}
	return err
}

// Eventually calls try until it succeeds, for a minute: what a mint does by itself after a
// crash takes longer than an answer.
func Eventually(t testing.TB, what string, try func() error) {
	t.Helper()
	for end := time.Now().Add(3 * patience); ; time.Sleep(20 * time.Millisecond) {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: %v", what, err)
		}
	}
}
