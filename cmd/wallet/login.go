package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"mintmark/internal/passphrase"
	"mintmark/internal/printable"
	"mintmark/wallet/login"
)

type loginFlags struct {
	flow         string
	port         int
	user         string
	passwordFile string
}

func (p program) loginCommand(g *globals) *cobra.Command {
	var f loginFlags
	cmd := p.mintVerb(g, "login MINT", "Log in at a mint that wants to know its users", 1, func(ctx context.Context, s *session, mintURL string, _ []string) error {
		return s.login(ctx, mintURL, f)
	})
	cmd.Long = `Some mints let in only users who have an account (NUT-21). login shows where to log
in: on any device, with a code to type there (--flow device); or, where the provider
does not offer that, with a browser on this machine (--flow browser). With --user it is
a name and a password (--flow password), which providers should not want any more.

The wallet stays logged in as long as the provider allows. Where the mint wants tokens
that do not say who asks (NUT-22), the wallet gets a reserve of them.

Log in only where you have an account for this mint: who can log in with the same
account elsewhere could pass for you there.`
	check := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		if err := f.check(cmd); err != nil {
			return err
		}
		return check(cmd, given)
	}
	flags := cmd.Flags()
	flags.StringVar(&f.flow, "flow", "", "`how` to log in: device, browser or password (default what the provider offers)")
	flags.IntVar(&f.port, "port", login.CallbackPort, "`port` on this machine that the browser comes back to; providers may allow no other")
	flags.StringVar(&f.user, "user", "", "`name` to log in with a password")
	flags.StringVar(&f.passwordFile, "user-password-file", "", "read the password for --user from the first line of this `file`")
	return cmd
}

func (f *loginFlags) check(cmd *cobra.Command) error {
	switch f.flow {
	case "", "device", "browser", "password":
	default:
		return usagef(cmd, "--flow is device, browser or password")
	}
	if f.flow == "" && f.user != "" {
		f.flow = "password"
	}
	if (f.flow == "password") != (f.user != "") || f.user == "" && f.passwordFile != "" {
		return usagef(cmd, "a password needs --user, and --user is for a password")
	}
	return nil
}

func (p program) logoutCommand(g *globals) *cobra.Command {
	cmd := p.mintVerb(g, "logout MINT", "End the login at a mint", 1, func(ctx context.Context, s *session, mintURL string, _ []string) error {
		return s.wallet.Logout(ctx, mintURL)
	})
	cmd.Long = `logout forgets the login at a mint and the tokens that came of it, and tells the login
provider. Ecash of the mint stays.`
	return cmd
}

func (s *session) login(ctx context.Context, mintURL string, f loginFlags) error {
	p, info, err := s.wallet.LoginProvider(ctx, mintURL)
	if err != nil {
		return err
	}
	s.say("Logging in at %s, as the mint %s wants.", p.Issuer(), mintURL)
	tokens, err := s.tokens(ctx, p, f)
	if err != nil {
		return err
	}
	if err := s.wallet.KeepLogin(ctx, mintURL, info, tokens); err != nil {
		return err
	}
	if _, err := s.wallet.FillTokens(ctx, mintURL); err != nil {
		return hint(fmt.Errorf("logged in, but the mint gives no tokens: %w", err), "they are asked for again when they are needed")
	}
	a, err := s.authState(ctx, mintURL)
	if err != nil {
		return err
	}
	return s.show(a, func(w io.Writer) { line(w, "%s: %s.", mintURL, a.text(s.clock())) })
}

// tokens logs in the way that was asked for, or else the first that the provider
// offers.
func (s *session) tokens(ctx context.Context, p *login.Provider, f loginFlags) (login.Tokens, error) {
	switch {
	case f.flow == "password":
		password, err := s.userPassword(ctx, f)
		if err != nil {
			return login.Tokens{}, err
		}
		defer clear(password)
		return p.Password(ctx, f.user, string(password))
	case f.flow == "device", f.flow == "" && p.HasDevice():
		t, err := p.Device(ctx, s.showDevice)
		refused, ok := errors.AsType[*login.Refused](err)
		if f.flow == "device" || !ok || refused.Code != "unauthorized_client" && refused.Code != "invalid_client" || !p.HasBrowser() {
			return t, err
		}
	}
	return p.Browser(ctx, f.port, func(address string) {
		if s.json {
			_ = s.show(browserJSON{address}, nil)
			return
		}
		s.say("Open this address in a browser on this machine, and log in there:\n\n%s\n", address)
	})
}

// userPassword reads the password for --user.
func (s *session) userPassword(ctx context.Context, f loginFlags) ([]byte, error) {
	if f.passwordFile != "" {
		file, err := os.Open(f.passwordFile)
		if err != nil {
			return nil, fmt.Errorf("reading the password: %w", err)
		}
		return passphrase.FirstLine(file)
	}
	t, err := s.terminal()
	if err != nil {
		return nil, hint(fmt.Errorf("asking for the password: %w", err), "--user-password-file reads it from a file")
	}
	defer t.Close()
	return t.ReadSecret(ctx, fmt.Sprintf("Password of %s: ", printable.Text(f.user, 0)))
}

type browserJSON struct {
	Address string `json:"authorization_uri"`
}

type deviceJSON struct {
	Address string `json:"verification_uri"`
	Direct  string `json:"verification_uri_complete,omitempty"`
	Code    string `json:"user_code"`
	Expires int64  `json:"expires"`
}

func (s *session) showDevice(d login.Device) {
	if s.json {
		_ = s.show(deviceJSON{d.Address, d.Direct, d.Code, d.Expires.Unix()}, nil)
		return
	}
	s.say("Open %s on any device, and type the code %s there, before %s.", d.Address, d.Code, d.Expires.Local().Format("15:04"))
	if d.Direct != "" {
		s.say("Or open %s", d.Direct)
		s.showQR(d.Direct, false)
	}
}

// authJSON is how the wallet stands with a mint that has users.
type authJSON struct {
	Provider string `json:"provider"`
	LoggedIn bool   `json:"logged_in"`
	Since    int64  `json:"since,omitempty"`
	Expires  int64  `json:"expires,omitempty"`
	Renewed  bool   `json:"renewed,omitempty"` // by itself, until the provider says no
	// Clear and Blind are the requests that need a login, or a token.
	Clear  []string `json:"clear"`
	Blind  []string `json:"blind"`
	Tokens int      `json:"tokens"` // that are left
}

func (a authJSON) text(now time.Time) string {
	text := "not logged in"
	if a.LoggedIn {
		text = "logged in since " + moment(a.Since)
		switch {
		case a.Renewed:
			text += ", renewed by itself"
		case a.Expires != 0 && a.Expires <= now.Unix():
			text += ", and it has ended"
		case a.Expires != 0:
			text += ", until " + moment(a.Expires)
		}
	}
	if len(a.Blind) > 0 {
		text += fmt.Sprintf("; %d tokens left", a.Tokens)
	}
	return text
}

// authState tells how the wallet stands with a mint; nil if that has no users.
func (s *session) authState(ctx context.Context, mintURL string) (*authJSON, error) {
	m, err := s.wallet.KnownMint(ctx, mintURL)
	if err != nil {
		return nil, err
	}
	info, ok := m.Info.ClearAuth()
	if !ok {
		return nil, nil
	}
	state, err := s.wallet.LoginState(ctx, mintURL)
	if err != nil {
		return nil, err
	}
	a := &authJSON{
		Provider: printable.Text(info.OpenIDDiscovery, 0), LoggedIn: state.LoggedIn, Renewed: state.Renewed, Tokens: state.Tokens,
		Clear: []string{}, Blind: []string{},
	}
	if state.LoggedIn {
		a.Since = state.Since.Unix()
	}
	if !state.Expires.IsZero() {
		a.Expires = state.Expires.Unix()
	}
	for _, e := range info.ProtectedEndpoints {
		a.Clear = append(a.Clear, printable.Text(e.String(), 0))
	}
	blind, _ := m.Info.BlindAuth()
	for _, e := range blind.ProtectedEndpoints {
		a.Blind = append(a.Blind, printable.Text(e.String(), 0))
	}
	return a, nil
}
