package harness

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// Login is a running OpenID Connect provider, wallets/login.mjs.
type Login struct {
	*Process
	launch  launch
	address string
}

// StartLogin starts a provider with these clients, "name=seconds": how long their
// tokens last.
func StartLogin(t testing.TB, clients ...string) *Login {
	t.Helper()
	address := FreeAddress(t)
	_, port, _ := strings.Cut(address, ":")
	l := &Login{address: address, launch: launch{
		name: "login", path: "node", args: append([]string{"login.mjs", port}, clients...), dir: Installed,
		log: filepath.Join(ShortDir(t), "login.log"),
	}}
	l.Start(t)
	return l
}

// Start starts it again, with another key.
func (l *Login) Start(t testing.TB) {
	t.Helper()
	l.Process = start(t, l.launch)
	l.until("the login provider answers", func() error {
		resp, err := http.Get(l.Discovery())
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("it answers %s", resp.Status)
		}
		return nil
	})
}

// Discovery is where its configuration is.
func (l *Login) Discovery() string {
	return "http://" + l.address + "/.well-known/openid-configuration"
}

// RotateAuth makes a keyset for blind authentication tokens.
func (s *Stack) RotateAuth(args ...string) {
	s.t.Helper()
	if out, err := s.keysets(append([]string{"rotate", "--unit", "auth", "--amounts", "1"}, args...)...); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
}
