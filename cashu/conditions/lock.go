package conditions

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json"

	"mintmark/bdhke"
)

// Lock says how a coin is to be locked; Secret makes the secret of a coin of it.
// Exactly one of a key (P2PK) and a hash (HTLC) is given.
type Lock struct {
	Key     bdhke.Point   // P2PK: who may spend
	Hash    [32]byte      // HTLC: SHA256 of a preimage of 32 bytes
	Pubkeys []bdhke.Point // who may sign besides Key; with an HTLC, who must
	NSigs   int           // how many of Key and Pubkeys must sign; 0 = 1, or none of none

	Locktime    uint64        // unix time; 0 = locked for ever
	Refund      []bdhke.Point // who may spend after Locktime; none: anyone
	NSigsRefund int           // how many of Refund must sign; 0 = 1

	SigAll bool       // signatures cover all inputs and outputs
	Extra  [][]string // further tags, unknown to mints
}

// Secret makes a secret with a fresh nonce of random bytes; nil means the
// system's. A lock that no mint could open is refused here, while the money is
// still safe.
func (l Lock) Secret(random io.Reader) (string, error) {
	if random == nil {
		random = rand.Reader
	}
	var nonce [32]byte
	if _, err := io.ReadFull(random, nonce[:]); err != nil {
		return "", fmt.Errorf("drawing a nonce: %w", err)
	}
	kind, data := KindP2PK, l.Key.String()
	if l.Hash != ([32]byte{}) {
		kind, data = KindHTLC, hex.EncodeToString(l.Hash[:])
	}
	if l.Key.IsZero() == (kind == KindP2PK) {
		return "", fmt.Errorf("locking a coin: either a key or a hash is needed")
	}
	secret, err := json.Marshal([]any{kind, struct {
		Nonce string     `json:"nonce"`
		Data  string     `json:"data"`
		Tags  [][]string `json:"tags"`
	}{hex.EncodeToString(nonce[:]), data, l.tags()}})
	if err != nil {
		return "", fmt.Errorf("writing a spending condition: %w", err)
	}
	if _, err := Parse(string(secret)); err != nil {
		return "", fmt.Errorf("locking a coin: %w", err)
	}
	return string(secret), nil
}

func (l Lock) tags() [][]string {
	var tags [][]string
	number := func(name string, n uint64) {
		if n != 0 {
			tags = append(tags, []string{name, strconv.FormatUint(n, 10)})
		}
	}
	keys := func(name string, list []bdhke.Point) {
		if len(list) == 0 {
			return
		}
		tag := []string{name}
		for _, k := range list {
			tag = append(tag, k.String())
		}
		tags = append(tags, tag)
	}
	keys("pubkeys", l.Pubkeys)
	number("n_sigs", uint64(max(0, l.NSigs)))
	number("locktime", l.Locktime)
	keys("refund", l.Refund)
	number("n_sigs_refund", uint64(max(0, l.NSigsRefund)))
	if l.SigAll {
		tags = append(tags, []string{"sigflag", "SIG_ALL"})
	}
	return append(tags, l.Extra...)
}
