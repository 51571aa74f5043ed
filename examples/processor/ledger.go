package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"mintmark/mint/lightning/bolt11"
)

// record is one line of the ledger: exactly one of its fields is set.
type record struct {
	Key      []byte    `json:"key,omitempty"`      // of the node that signs invoices
	Request  *request  `json:"request,omitempty"`  // was given out
	Received *received `json:"received,omitempty"` // was paid
	Order    *order    `json:"order,omitempty"`    // must be paid from now on
	End      *end      `json:"end,omitempty"`      // an order was paid, or never will be
}

// request is something that others can pay.
type request struct {
	Name     string // what it is asked for by: a payment hash in hex, or an own name
	Method   string
	Text     string
	Amount   uint64 // 0: the payer decides
	Preimage []byte // of an invoice
	Expires  time.Time
	received []received
}

// received is a payment of a request.
type received struct {
	Request string // name
	ID      string // of the payment, unique for ever
	Amount  uint64
}

// order is a payment that a mint has ordered. Its quote names it: there is at most one
// order of a quote that was paid.
type order struct {
	Quote    string
	Try      int    // an order that failed can be given again
	Debt     string // what must not be paid twice
	Method   string
	Text     string // what is paid
	Msat     uint64 // what the payee gets, in thousandths of a satoshi
	Amount   uint64 // the same in satoshis, rounded up
	MaxFee   uint64
	Conduct  string // of the payee, in this play: the description of his invoice
	end      *end
	finished chan struct{} // closed with end
}

// end is what became of an order.
type end struct {
	Quote string
	Try   int
	Paid  bool
	Spent uint64
	Proof string
	// Own is what it paid, if that was a request of this processor: both are one line,
	// so that never only one of the two happens.
	Own *received
}

// ledger is everything that the processor has promised, as a file of one JSON record a
// line and as the maps that follow from it. A record is on the disk before anybody
// hears of it.
type ledger struct {
	mu       sync.Mutex
	file     *os.File
	key      bolt11.Key
	requests map[string]*request // by name
	texts    map[string]*request // by text
	orders   map[string][]*order // by quote, the latest last
	debts    map[string]*order   // the latest of each debt
	onPaid   func(*request, received)
}

// openLedger reads the ledger, or begins one.
func openLedger(path string) (*ledger, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	l := &ledger{
		file: file, requests: map[string]*request{}, texts: map[string]*request{},
		orders: map[string][]*order{}, debts: map[string]*order{}, onPaid: func(*request, received) {},
	}
	hasKey, err := l.read()
	if err == nil && !hasKey {
		if l.key, err = bolt11.GenerateKey(); err == nil {
			err = l.write(record{Key: l.key.Secret()})
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("ledger %s: %w", path, err), file.Close())
	}
	return l, nil
}

func (l *ledger) close() error { return l.file.Close() }

// read applies every record. What a crash left of the last line was never promised to
// anybody and is cut off.
func (l *ledger) read() (hasKey bool, err error) {
	lines, whole := bufio.NewReader(l.file), int64(0)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return false, err
		}
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return false, fmt.Errorf("at byte %d: %w", whole, err)
		}
		if r.Key != nil {
			hasKey = true
			if l.key, err = bolt11.ParseKey(r.Key); err != nil {
				return false, err
			}
		}
		l.apply(r)
		whole += int64(len(line))
	}
	if err := l.file.Truncate(whole); err != nil {
		return false, err
	}
	_, err = l.file.Seek(whole, io.SeekStart)
	return hasKey, err
}

// write makes a record durable and then true. The caller holds mu.
func (l *ledger) write(r record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if _, err := l.file.Write(append(line, '\n')); err != nil {
		return err
	}
	if err := l.file.Sync(); err != nil {
		return err
	}
	l.apply(r)
	return nil
}

func (l *ledger) apply(r record) {
	switch {
	case r.Request != nil:
		l.requests[r.Request.Name], l.texts[r.Request.Text] = r.Request, r.Request
	case r.Received != nil:
		l.applyReceived(*r.Received)
	case r.Order != nil:
		r.Order.finished = make(chan struct{})
		l.orders[r.Order.Quote] = append(l.orders[r.Order.Quote], r.Order)
		l.debts[r.Order.Debt] = r.Order
	case r.End != nil:
		o := l.orders[r.End.Quote][r.End.Try]
		o.end = r.End
		close(o.finished)
		if r.End.Own != nil {
			l.applyReceived(*r.End.Own)
		}
	}
}

func (l *ledger) applyReceived(p received) {
	r := l.requests[p.Request]
	r.received = append(r.received, p)
	l.onPaid(r, p)
}
