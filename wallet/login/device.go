package login

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"mintmark/internal/printable"
)

// Device is what a user needs to log in on another device (RFC 8628).
type Device struct {
	Address string // where to go
	Code    string // what to type there
	Direct  string // an address that has the code in it; empty: none
	Expires time.Time
}

// HasDevice tells whether one can log in on another device.
func (p *Provider) HasDevice() bool { return p.about.Device != "" }

// Device logs in on another device: show tells the user where, and the provider is
// asked until the user has done so.
func (p *Provider) Device(ctx context.Context, show func(Device)) (Tokens, error) {
	if !p.HasDevice() {
		return Tokens{}, ErrNoSuchFlow
	}
	body, err := p.post(ctx, p.about.Device, url.Values{"scope": {p.scope()}})
	if err != nil {
		return Tokens{}, err
	}
	var v struct {
		Secret   string `json:"device_code"`
		Code     string `json:"user_code"`
		Address  string `json:"verification_uri"`
		Direct   string `json:"verification_uri_complete"`
		Expires  int64  `json:"expires_in"`
		Interval int64  `json:"interval"`
	}
	if json.Unmarshal(body, &v) != nil || v.Secret == "" || v.Code == "" || checkAddress(v.Address) != nil {
		return Tokens{}, fmt.Errorf("%w: it does not say where to log in", ErrUnreachable)
	}
	if v.Direct != "" && checkAddress(v.Direct) != nil {
		v.Direct = ""
	}
	if v.Interval <= 0 {
		v.Interval = 5
	}
	if v.Expires <= 0 {
		v.Expires = 600
	}
	ends := p.cfg.Clock().Add(time.Duration(min(v.Expires, 86400)) * time.Second)
	show(Device{Address: printable.Text(v.Address, mostText), Code: printable.Text(v.Code, mostText), Direct: printable.Text(v.Direct, mostText), Expires: ends})
	return p.awaitDevice(ctx, v.Secret, time.Duration(min(v.Interval, 60))*time.Second, ends)
}

// slower is what a provider that is asked too often wants to be added to the pause.
const slower = 5 * time.Second

func (p *Provider) awaitDevice(ctx context.Context, secret string, pause time.Duration, ends time.Time) (Tokens, error) {
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {secret}}
	for {
		select {
		case <-ctx.Done():
			return Tokens{}, ctx.Err()
		case <-time.After(pause):
		}
		t, err := p.token(ctx, form)
		if err == nil {
			return t, nil
		}
		r, refused := errors.AsType[*Refused](err)
		switch {
		case !p.cfg.Clock().Before(ends), refused && r.Code == "expired_token":
			return Tokens{}, errors.New("nobody has logged in in time")
		case refused && r.Code == "slow_down":
			pause += slower
		case refused && r.Code != "authorization_pending":
			return Tokens{}, err
		case errors.Is(err, errNoToken):
			return Tokens{}, err
		case !refused: // asked again, as after any lost answer
			pause = min(2*pause, time.Minute)
		}
	}
}
