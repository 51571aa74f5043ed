// Command gonutswallet drives the wallet of github.com/elnosh/gonuts at the version
// that go.mod pins, for the end-to-end tests in e2e. One JSON object a line in,
// {"op", "args"}; one JSON object a line out, {"ok"} or {"error"}.
//
// The process is one wallet in one directory: started again on the directory it is
// the same wallet, and "restore" makes another one of nothing but its words.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
)

// maxLine bounds a line: a token of a few hundred coins fits.
const maxLine = 16 << 20

type request struct {
	Op   string `json:"op"`
	Args args   `json:"args"`
}

// failure is an error as the tests know it. Code and status are of the mint's last
// answer, which the wallet does not always pass on.
type failure struct {
	Name    string `json:"name"`
	Message string `json:"message"`
	Code    int    `json:"code"`
	Status  int    `json:"status"`
}

type answer struct {
	OK    any      `json:"ok,omitempty"`
	Error *failure `json:"error,omitempty"`
}

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "gonutswallet:", err)
		os.Exit(1)
	}
}

func serve() error {
	heard := &refusals{next: http.DefaultTransport}
	http.DefaultTransport = heard // which the wallet uses for everything
	d := &driver{}
	defer d.close()
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, maxLine)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return fmt.Errorf("reading a request: %w", err)
		}
		heard.forget()
		var a answer
		if ok, err := d.do(r.Op, r.Args); err != nil {
			code, status := heard.last()
			a.Error = &failure{Name: r.Op, Message: err.Error(), Code: code, Status: status}
		} else {
			a.OK = ok
		}
		if err := out.Encode(a); err != nil {
			return fmt.Errorf("answering: %w", err)
		}
	}
	return lines.Err()
}
