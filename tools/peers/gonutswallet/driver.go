package main

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/elnosh/gonuts/cashu"
	"github.com/elnosh/gonuts/cashu/nuts/nut11"
	"github.com/elnosh/gonuts/wallet"
)

type args struct {
	Dir      string `json:"dir"`
	URL      string `json:"url"`
	Words    string `json:"words"`
	Amount   uint64 `json:"amount"`
	Quote    string `json:"quote"`
	Request  string `json:"request"`
	Token    string `json:"token"`
	Preimage string `json:"preimage"`
	Pubkey   string `json:"pubkey"`
	Watch    int    `json:"watch"`
	NoDLEQ   bool   `json:"noDLEQ"`
	Lock     lock   `json:"lock"`
}

// lock is what may be said beside a key or a hash.
type lock struct {
	SigAll   bool     `json:"sigAll"`
	Sigs     int      `json:"sigs"`
	Pubkeys  []string `json:"pubkeys"`
	Locktime int64    `json:"locktime"`
	Refund   []string `json:"refund"`
}

func (l lock) tags() (*nut11.P2PKTags, error) {
	tags := nut11.P2PKTags{NSigs: l.Sigs, Locktime: l.Locktime}
	if l.SigAll {
		tags.Sigflag = nut11.SIGALL
	}
	var err error
	if tags.Pubkeys, err = parseKeys(l.Pubkeys); err != nil {
		return nil, err
	}
	tags.Refund, err = parseKeys(l.Refund)
	return &tags, err
}

func parseKeys(texts []string) ([]*btcec.PublicKey, error) {
	var keys []*btcec.PublicKey
	for _, text := range texts {
		raw, err := hex.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("a key: %w", err)
		}
		key, err := btcec.ParsePubKey(raw)
		if err != nil {
			return nil, fmt.Errorf("a key: %w", err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// driver is one wallet at one mint.
type driver struct {
	w       *wallet.Wallet
	url     string
	watches []*watch
}

func (d *driver) close() {
	if d.w != nil {
		_ = d.w.Shutdown() // the process ends
	}
	for _, w := range d.watches {
		_ = w.manager.Close()
	}
}

// state is what the wallet has after an operation.
type state struct {
	Balance uint64 `json:"balance"`
	Pending uint64 `json:"pending"`
	Amount  uint64 `json:"amount"`
	Token   string `json:"token,omitempty"`
}

func (d *driver) state(amount uint64) state {
	return state{Balance: d.w.GetBalance(), Pending: d.w.PendingBalance(), Amount: amount}
}

func (d *driver) load(a args) (any, error) {
	var err error
	if d.w, err = wallet.LoadWallet(wallet.Config{WalletPath: a.Dir, CurrentMintURL: a.URL}); err != nil {
		return nil, err
	}
	d.url = a.URL
	return map[string]any{
		"words":   d.w.Mnemonic(),
		"pubkey":  hex.EncodeToString(d.w.GetReceivePubkey().SerializeCompressed()),
		"balance": d.w.GetBalance(),
	}, nil
}

// do carries out one operation.
func (d *driver) do(op string, a args) (any, error) {
	switch op {
	case "load":
		return d.load(a)
	case "restore":
		amount, err := wallet.Restore(a.Dir, a.Words, []string{a.URL})
		return state{Amount: amount}, err
	}
	if d.w == nil {
		return nil, errors.New("there is no wallet yet")
	}
	switch op {
	case "state":
		return d.state(0), nil
	case "quote":
		return d.w.RequestMint(a.Amount, d.url)
	case "checkQuote":
		return d.w.MintQuoteState(a.Quote)
	case "mint":
		return d.after(d.w.MintTokens(a.Quote))
	case "send":
		proofs, err := d.w.Send(a.Amount, d.url, true)
		return d.token(proofs, !a.NoDLEQ, err)
	case "lock", "hashlock":
		return d.lock(op, a)
	case "receive", "receiveHTLC":
		return d.receive(op, a)
	case "meltQuote":
		return d.w.RequestMeltQuote(a.Request, d.url)
	case "melt":
		return d.w.Melt(a.Quote)
	case "checkMelt":
		return d.w.CheckMeltQuoteState(a.Quote)
	case "forgetSpent":
		return d.state(0), d.w.RemoveSpentProofs()
	case "reclaim":
		return d.after(d.w.ReclaimUnspentProofs())
	case "watchMintQuote":
		return d.watchMintQuote(a.Quote)
	case "heard":
		return d.watches[a.Watch].all(), nil
	}
	return nil, fmt.Errorf("there is no operation %q", op)
}

func (d *driver) after(amount uint64, err error) (any, error) {
	return d.state(amount), err
}

func (d *driver) lock(op string, a args) (any, error) {
	tags, err := a.Lock.tags()
	if err != nil {
		return nil, err
	}
	if op == "hashlock" {
		proofs, err := d.w.HTLCLockedProofs(a.Amount, d.url, a.Preimage, tags, true)
		return d.token(proofs, true, err)
	}
	keys, err := parseKeys([]string{a.Pubkey})
	if err != nil {
		return nil, err
	}
	proofs, err := d.w.SendToPubkey(a.Amount, d.url, keys[0], tags, true)
	return d.token(proofs, true, err)
}

func (d *driver) receive(op string, a args) (any, error) {
	token, err := cashu.DecodeToken(a.Token)
	if err != nil {
		return nil, err
	}
	if op == "receiveHTLC" {
		return d.after(d.w.ReceiveHTLC(token, a.Preimage))
	}
	return d.after(d.w.Receive(token, false))
}

func (d *driver) token(proofs cashu.Proofs, dleq bool, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	token, err := cashu.NewTokenV4(proofs, d.url, cashu.Sat, dleq)
	if err != nil {
		return nil, err
	}
	s := d.state(proofs.Amount())
	s.Token, err = token.Serialize()
	return s, err
}
