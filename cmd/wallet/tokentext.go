package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"

	"mintmark/cashu/paymentrequest"
	"mintmark/cashu/token"
)

// maxToken is far more than any token.
const maxToken = 16 << 20

// given is the text of the arguments, or of standard input for none and for "-".
func (p program) given(args []string) (string, error) {
	if len(args) > 0 && (len(args) > 1 || args[0] != "-") {
		return strings.Join(args, "\n"), nil
	}
	b, err := io.ReadAll(io.LimitReader(p.stdin, maxToken))
	if err != nil {
		return "", fmt.Errorf("reading standard input: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// readTokens reads tokens from the arguments or from standard input.
func (p program) readTokens(args []string) ([]token.Token, error) {
	text, err := p.given(args)
	if err != nil {
		return nil, err
	}
	tokens, err := parseTokens(text)
	if err != nil {
		return nil, usageError{err}
	}
	return tokens, nil
}

// parseTokens reads one token, also one that was broken into lines, or several, or
// links with tokens in them, or what is posted for a payment request.
func parseTokens(text string) ([]token.Token, error) {
	if strings.HasPrefix(text, "{") {
		t, err := posted(text)
		return []token.Token{t}, err
	}
	var tokens []token.Token
	for _, word := range strings.Fields(text) {
		some, err := token.ParseAll(fromLink(word))
		if err != nil {
			whole, wholeErr := token.ParseAll(strings.Join(strings.Fields(text), ""))
			if wholeErr != nil {
				return nil, err
			}
			return whole, nil
		}
		tokens = append(tokens, some...)
	}
	if len(tokens) == 0 {
		return nil, token.ErrNotAToken
	}
	return tokens, nil
}

// fromLink takes the token out of a link: https://wallet.example/?token=cashuB…
func fromLink(word string) string {
	if !strings.Contains(word, "://") {
		return word
	}
	for _, name := range []string{"token=", "t=", "#"} {
		if _, rest, found := strings.Cut(word, name+"cashu"); found {
			rest, _, _ = strings.Cut(rest, "&")
			rest, _, _ = strings.Cut(rest, "#")
			return "cashu" + rest
		}
	}
	return word
}

// posted makes a token of a payment that was posted for a payment request (NUT-18).
func posted(text string) (token.Token, error) {
	var p paymentrequest.Payload
	if json.Unmarshal([]byte(text), &p) != nil {
		return token.Token{}, errors.New("this is no payment for a payment request")
	}
	return token.New(p.Mint, p.Unit, p.Memo, p.Coins)
}
