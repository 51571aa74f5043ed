package login

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"mintmark/internal/printable"
)

// CallbackPort is where NUT-21 wants providers to send browsers back to.
const CallbackPort = 33388

// HasBrowser tells whether one can log in with a browser on this machine.
func (p *Provider) HasBrowser() bool { return p.about.Authorization != "" }

// Browser logs in with a browser on this machine: show tells the user where to go,
// and the browser comes back to a port that is open meanwhile, on this machine only.
// The code that it brings is of no use to anybody else (PKCE, RFC 7636).
func (p *Provider) Browser(ctx context.Context, port int, show func(address string)) (Tokens, error) {
	if !p.HasBrowser() {
		return Tokens{}, ErrNoSuchFlow
	}
	verifier, state := random(), random()
	hash := sha256.Sum256([]byte(verifier))
	back := fmt.Sprintf("http://localhost:%d/callback", port)
	query := url.Values{
		"response_type": {"code"}, "client_id": {p.cfg.ClientID}, "redirect_uri": {back}, "scope": {p.scope()}, "state": {state},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(hash[:])}, "code_challenge_method": {"S256"},
	}
	if p.scope() != "openid" {
		query.Set("prompt", "consent") // without it there is no offline_access
	}
	address, err := url.Parse(p.about.Authorization)
	if err != nil {
		return Tokens{}, fmt.Errorf("%w: its address makes no sense", ErrUnreachable)
	}
	given := address.Query()
	for name, values := range query {
		given[name] = values
	}
	address.RawQuery = given.Encode()

	came := make(chan answer, 1)
	closeDoor, err := listen(port, &callback{state: state, came: came})
	if err != nil {
		return Tokens{}, err
	}
	defer closeDoor()
	show(address.String())
	select {
	case <-ctx.Done():
		return Tokens{}, ctx.Err()
	case a := <-came:
		if a.err != nil {
			return Tokens{}, a.err
		}
		return p.token(ctx, url.Values{"grant_type": {"authorization_code"}, "code": {a.code}, "redirect_uri": {back}, "code_verifier": {verifier}})
	}
}

// random is 256 bits as text.
func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// listen serves on the loopback addresses that "localhost" may mean, one of which
// this machine may not have.
func listen(port int, h http.Handler) (closeDoor func(), err error) {
	var problems []error
	var doors []net.Listener
	for _, host := range []string{"127.0.0.1", "::1"} {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			problems = append(problems, err)
			continue
		}
		doors = append(doors, l)
	}
	if len(doors) == 0 {
		return nil, fmt.Errorf("the browser could not come back to port %d: %w", port, errors.Join(problems...))
	}
	server := &http.Server{Handler: h, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
	for _, l := range doors {
		go func() { _ = server.Serve(l) }()
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second) // for the page that is on its way
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close()
		}
	}, nil
}

type answer struct {
	code string
	err  error
}

// callback is the page that the browser comes back to.
type callback struct {
	state string
	came  chan answer
}

// ServeHTTP takes the code. What comes with another state was not started here, and is
// left alone: any page can make a browser go there.
func (c *callback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	ours := subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(c.state)) == 1
	if r.Method != http.MethodGet || r.URL.Path != "/callback" || !ours {
		http.Error(w, "This is not the login that the wallet waits for.", http.StatusBadRequest)
		return
	}
	a := answer{code: q.Get("code")}
	if a.code == "" {
		a.err = &Refused{Code: printable.Text(q.Get("error"), mostText), Detail: printable.Text(q.Get("error_description"), mostText)}
	}
	select {
	case c.came <- a:
	default: // it came before
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Referrer-Policy", "no-referrer")
	if a.err != nil {
		_, _ = w.Write([]byte("The login did not work. The wallet says why.\n"))
		return
	}
	_, _ = w.Write([]byte("The wallet goes on. This page can be closed.\n"))
}
