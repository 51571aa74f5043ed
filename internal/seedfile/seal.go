package seedfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// Seal says how the text of a seed is closed. The zero value does not close it:
// plain text.
type Seal struct {
	// Passphrase seals with scrypt. Not together with Identity; not empty.
	Passphrase []byte
	// Identity is the content of an age identity file (AGE-SECRET-KEY-1…, as
	// age-keygen writes it). The text is sealed for its public half. It is the
	// secret half that is asked for, because only with it can be proved that
	// the file opens again.
	Identity []byte

	work int // of scrypt; 0 = sealWork
}

// Opener gets what a sealed file needs, when it needs it. What it returns is
// wiped. nil = there is none.
type Opener struct {
	// Passphrase asks for the passphrase.
	Passphrase func() ([]byte, error)
	// Identity gets the content of an age identity file.
	Identity func() ([]byte, error)
}

// opener opens what the seal has closed.
func (s Seal) opener() Opener {
	give := func(secret []byte) func() ([]byte, error) {
		if secret == nil {
			return nil
		}
		return func() ([]byte, error) { return bytes.Clone(secret), nil }
	}
	return Opener{Passphrase: give(s.Passphrase), Identity: give(s.Identity)}
}

func (s Seal) recipients() ([]age.Recipient, error) {
	switch {
	case s.Passphrase != nil && s.Identity != nil:
		return nil, errors.New("a passphrase and an identity exclude each other")
	case s.Identity != nil:
		identities, err := parseIdentities(s.Identity)
		if err != nil {
			return nil, err
		}
		return publicHalves(identities)
	case len(s.Passphrase) == 0:
		return nil, errors.New("the passphrase is empty")
	}
	r, err := age.NewScryptRecipient(string(s.Passphrase))
	if err != nil {
		return nil, err
	}
	work := s.work
	if work == 0 {
		work = sealWork
	}
	r.SetWorkFactor(work)
	return []age.Recipient{r}, nil
}

// close returns the content of the file.
func (s Seal) close(text string) ([]byte, error) {
	if s.Passphrase == nil && s.Identity == nil {
		return []byte(text), nil
	}
	recipients, err := s.recipients()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	armored := armor.NewWriter(&out)
	sealed, err := age.Encrypt(armored, recipients...)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(sealed, text); err != nil {
		return nil, err
	}
	if err := errors.Join(sealed.Close(), armored.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// parseIdentities never repeats what it reads: the library's errors might.
func parseIdentities(content []byte) ([]age.Identity, error) {
	identities, err := age.ParseIdentities(bytes.NewReader(content))
	if err != nil || len(identities) == 0 {
		return nil, errors.New("there is no age identity in it")
	}
	return identities, nil
}

func publicHalves(identities []age.Identity) ([]age.Recipient, error) {
	var recipients []age.Recipient
	for _, i := range identities {
		switch i := i.(type) {
		case *age.X25519Identity:
			recipients = append(recipients, i.Recipient())
		case *age.HybridIdentity:
			recipients = append(recipients, i.Recipient())
		default:
			return nil, errors.New("an identity of this kind cannot seal")
		}
	}
	return recipients, nil
}

// open reads what is sealed in body.
func (o Opener) open(body io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(body, maxFile))
	if err != nil {
		return nil, fmt.Errorf("%w: it is damaged", ErrWrongSeal)
	}
	_, stanzas, _ := bytes.Cut(content, []byte("\n"))
	byPassphrase := bytes.HasPrefix(stanzas, []byte("-> scrypt "))
	get, none, wrong := o.Identity, ErrNoIdentity, ErrWrongIdentity
	if byPassphrase {
		get, none, wrong = o.Passphrase, ErrNoPassphrase, ErrWrongSeal
	}
	if get == nil {
		return nil, none
	}
	secret, err := get()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", none, err)
	}
	defer clear(secret)
	if len(secret) == 0 {
		return nil, fmt.Errorf("%w: it is empty", none)
	}
	var identities []age.Identity
	if byPassphrase {
		identity, err := age.NewScryptIdentity(string(secret))
		if err != nil {
			return nil, none
		}
		identities = []age.Identity{identity}
	} else if identities, err = parseIdentities(secret); err != nil {
		return nil, fmt.Errorf("%w: %w", none, err)
	}
	return decrypt(content, identities, wrong)
}

func decrypt(content []byte, identities []age.Identity, wrong error) ([]byte, error) {
	plain, err := age.Decrypt(bytes.NewReader(content), identities...)
	var noMatch *age.NoIdentityMatchError
	switch {
	case errors.Is(err, age.ErrIncorrectIdentity), errors.As(err, &noMatch):
		return nil, wrong
	case err != nil:
		return nil, fmt.Errorf("%w: it is damaged", wrong)
	}
	text, err := io.ReadAll(plain)
	if err != nil {
		clear(text)
		return nil, fmt.Errorf("%w: it is damaged", wrong)
	}
	return text, nil
}
