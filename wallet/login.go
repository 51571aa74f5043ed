package wallet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"mintmark/cashu"
	"mintmark/wallet/login"
	"mintmark/wallet/mintclient"
)

// ErrLogin: the mint wants to know who asks, and nobody has logged in there, or the
// login has ended.
var ErrLogin = errors.New("the mint wants you to log in")

// LoginState is how the wallet stands with a mint that wants to know its users.
type LoginState struct {
	LoggedIn bool
	Since    time.Time
	Expires  time.Time // of the token in use, which is renewed by itself; zero: unknown
	Renewed  bool      // by itself, when it expires
	Tokens   int       // blind tokens in reserve (NUT-22)
}

// storedTokens is what is sealed of a login.
type storedTokens struct {
	Access  string `json:"access"`
	Refresh string `json:"refresh,omitempty"`
}

const loginPurpose = "login at "

// LoginProvider finds the login provider of a mint. What that gives is for KeepLogin.
func (w *Wallet) LoginProvider(ctx context.Context, mintURL string) (*login.Provider, cashu.ClearAuthInfo, error) {
	m, err := w.RefreshMint(ctx, mintURL)
	if err != nil {
		return nil, cashu.ClearAuthInfo{}, err
	}
	info, ok := m.Info.ClearAuth()
	if !ok {
		return nil, info, fmt.Errorf("the mint %s has no users who log in", m.URL)
	}
	p, err := w.provider(ctx, info.OpenIDDiscovery, info.ClientID)
	return p, info, err
}

func (w *Wallet) provider(ctx context.Context, discovery, clientID string) (*login.Provider, error) {
	return login.Discover(ctx, login.Config{Discovery: discovery, ClientID: clientID, Transport: w.cfg.Transport, Clock: w.cfg.Clock})
}

// KeepLogin keeps what a login provider has given for a mint, sealed with the seed.
func (w *Wallet) KeepLogin(ctx context.Context, mintURL string, from cashu.ClearAuthInfo, t login.Tokens) error {
	base, err := mintclient.NormalURL(mintURL)
	if err != nil {
		return err
	}
	l := StoredLogin{MintURL: base, Discovery: from.OpenIDDiscovery, ClientID: from.ClientID, Since: w.now().Unix()}
	if err := w.sealLogin(&l, t); err != nil {
		return err
	}
	return w.store.Update(ctx, func(tx Tx) error { return tx.PutLogin(ctx, l) })
}

func (w *Wallet) sealLogin(l *StoredLogin, t login.Tokens) error {
	text, err := json.Marshal(storedTokens{t.Access, t.Refresh})
	if err != nil {
		return fmt.Errorf("sealing a login: %w", err)
	}
	if l.Sealed, err = w.secrets.Seal(loginPurpose+l.MintURL, text); err != nil {
		return err
	}
	l.Expires, l.Renewing = 0, 0
	if !t.Expires.IsZero() {
		l.Expires = t.Expires.Unix()
	}
	return nil
}

func (w *Wallet) openLogin(l StoredLogin) (t storedTokens, err error) {
	text, err := w.secrets.Open(loginPurpose+l.MintURL, l.Sealed)
	if err == nil {
		err = json.Unmarshal(text, &t)
	}
	return t, err
}

// Logout forgets the login at a mint and its blind tokens, and tells the provider, if
// that can be reached.
func (w *Wallet) Logout(ctx context.Context, mintURL string) error {
	base, err := mintclient.NormalURL(mintURL)
	if err != nil {
		return err
	}
	var l StoredLogin // which the provider hears of, whoever has logged in a moment ago
	err = w.store.Update(ctx, func(tx Tx) (err error) {
		l, err = forgetLogin(ctx, tx, base)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("nobody is logged in at %s", base)
	}
	if err != nil {
		return err
	}
	t, err := w.openLogin(l)
	if err != nil {
		return err
	}
	p, err := w.provider(ctx, l.Discovery, l.ClientID)
	if err == nil {
		err = p.Revoke(ctx, login.Tokens{Access: t.Access, Refresh: t.Refresh})
	}
	if err != nil {
		w.log.Warn("the login provider does not know that the login has ended", "error", err)
	}
	return nil
}

// forgetLogin removes the blind tokens of a mint, and the login, which it returns;
// ErrNotFound: there was none.
func forgetLogin(ctx context.Context, tx Tx, base string) (StoredLogin, error) {
	if err := tx.DropAuthTokens(ctx, base, cashu.KeysetID{}); err != nil {
		return StoredLogin{}, err
	}
	l, err := tx.Login(ctx, base)
	if err != nil {
		return StoredLogin{}, err
	}
	return l, tx.RemoveLogin(ctx, base, l.Version)
}

// LoginState tells how the wallet stands with a mint, without asking anybody.
func (w *Wallet) LoginState(ctx context.Context, mintURL string) (s LoginState, err error) {
	base, err := mintclient.NormalURL(mintURL)
	if err != nil {
		return s, err
	}
	if s.Tokens, err = w.store.CountAuthTokens(ctx, base, w.now().Unix()); err != nil {
		return s, err
	}
	l, err := w.store.Login(ctx, base)
	if errors.Is(err, ErrNotFound) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	t, err := w.openLogin(l)
	s.LoggedIn, s.Since, s.Renewed = true, time.Unix(l.Since, 0), t.Refresh != ""
	if l.Expires != 0 {
		s.Expires = time.Unix(l.Expires, 0)
	}
	return s, err
}

const (
	// soon is how long before its end a token is not used any more.
	soon = 20 * time.Second
	// renewTime is how long a process may take for the next tokens before another
	// tries.
	renewTime = 40 * time.Second
)

// clearToken is a token that names the user to the mint, other than one that the mint
// does not take. It never logs in: that is for the user to do. It renews the login once
// at most: what the provider gives then is shown, however soon it ends.
func (w *Wallet) clearToken(ctx context.Context, from cashu.ClearAuthInfo, base, refused string) (string, error) {
	for renewed := false; ; {
		l, err := w.store.Login(ctx, base)
		if errors.Is(err, ErrNotFound) {
			return "", fmt.Errorf("%w: nobody has logged in at %s", ErrLogin, base)
		}
		if err != nil {
			return "", err
		}
		if l.Discovery != from.OpenIDDiscovery || l.ClientID != from.ClientID {
			return "", fmt.Errorf("%w: %s has another login provider than it had", ErrLogin, base)
		}
		t, err := w.openLogin(l)
		if err != nil {
			return "", err
		}
		now := w.now()
		expired := l.Expires != 0 && !time.Unix(l.Expires, 0).After(now.Add(soon))
		switch {
		case (renewed || !expired) && t.Access != refused:
			return t.Access, nil
		case renewed:
			return "", fmt.Errorf("%w: the login provider only gives what %s does not take", ErrLogin, base)
		case t.Refresh == "":
			return "", fmt.Errorf("%w: the login at %s has ended", ErrLogin, base)
		case l.Renewing > now.Unix(): // another process, or another goroutine
			select {
			case <-ctx.Done():
				return "", ctx.Err()
			case <-time.After(50 * time.Millisecond):
			}
			continue
		}
		switch err := w.renew(ctx, l, t.Refresh); {
		case err == nil:
			renewed = true
		case !errors.Is(err, ErrTakenOver) || ctx.Err() != nil:
			return "", err
		}
	}
}

// renew gets the next tokens, alone among all processes. A crash before they are
// stored costs the login.
func (w *Wallet) renew(ctx context.Context, l StoredLogin, refresh string) error {
	l.Renewing = w.now().Add(renewTime).Unix()
	if err := w.store.Update(ctx, func(tx Tx) error { return tx.UpdateLogin(ctx, l) }); err != nil {
		return err
	}
	l.Version++
	// What the provider has given counts, even if nobody waits for it any more.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewTime-5*time.Second)
	defer cancel()
	p, err := w.provider(ctx, l.Discovery, l.ClientID)
	var t login.Tokens
	if err == nil {
		t, err = p.Refresh(ctx, refresh)
	}
	switch {
	case errors.Is(err, login.ErrEnded):
		removeErr := w.store.Update(ctx, func(tx Tx) error { return tx.RemoveLogin(ctx, l.MintURL, l.Version) })
		return errors.Join(fmt.Errorf("%w: the login at %s has ended", ErrLogin, l.MintURL), removeErr)
	case err != nil:
		l.Renewing = 0
		return errors.Join(err, w.store.Update(ctx, func(tx Tx) error { return tx.UpdateLogin(ctx, l) }))
	}
	if err := w.sealLogin(&l, t); err != nil {
		return err
	}
	return w.store.Update(ctx, func(tx Tx) error { return tx.UpdateLogin(ctx, l) })
}
