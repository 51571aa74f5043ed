package lnd

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"mintmark/internal/crashpoint"
	"mintmark/internal/sqldb"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/lifecycle"
)

const (
	// scanPage is how many invoices are read at a time.
	scanPage = 1000
	// scanPause is the time between two looks at all invoices while none was ever
	// paid: the node's stream cannot begin before the first.
	scanPause = time.Second
	// streamTime is how long a stream is listened to until it is opened anew, in case
	// the connection died without a word.
	streamTime = 10 * time.Minute
)

// position is up to where payments were delivered, as the node counts them. 0: nothing.
type position struct {
	node  string // its key
	index uint64
	hash  string // of the payment at the index
}

// WatchIncoming implements lightning.Receiver.
func (b *Backend) WatchIncoming(ctx context.Context, deliver func(lightning.Incoming) error) error {
	const doing = "watch invoices"
	ctx, leave, err := b.life.Watch(ctx)
	if err != nil {
		return wrap(doing, err)
	}
	defer leave()
	for err == nil {
		err = b.watch(ctx, deliver)
	}
	if ctx.Err() != nil && !errors.As(err, new(deliveryError)) {
		err = lifecycle.Ended(ctx)
	}
	return wrap(doing, err)
}

// deliveryError is what deliver returned.
type deliveryError struct{ error }

func (e deliveryError) Unwrap() error { return e.error }

// watch delivers what there is, and then what comes, until something fails or it is
// time for a new stream.
func (b *Backend) watch(ctx context.Context, deliver func(lightning.Incoming) error) error {
	at, err := b.resume(ctx)
	if err != nil {
		return err
	}
	if at.index == 0 {
		if at, err = b.scan(ctx, at, deliver); err != nil {
			return err
		}
	}
	if at.index == 0 {
		timer := time.NewTimer(scanPause)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	streaming, cancel := context.WithTimeout(ctx, streamTime)
	defer cancel()
	path := fmt.Sprintf("/v1/invoices/subscribe?settle_index=%d", at.index)
	err = b.client.stream(streaming, http.MethodGet, path, nil, func(answer json.RawMessage) (bool, error) {
		var v invoice
		if err := json.Unmarshal(answer, &v); err != nil {
			return false, err
		}
		if v.State != stateSettled || uint64(v.SettleIndex) <= at.index {
			return false, nil
		}
		return false, b.deliver(ctx, &at, v, deliver)
	})
	if ctx.Err() == nil && streaming.Err() != nil {
		return nil // time for a new one
	}
	return err
}

// resume finds out where to go on. What was noted counts only while the node still has
// the payment at that place: a node that was set up anew counts from one again, and its
// payments would be skipped.
func (b *Backend) resume(ctx context.Context) (position, error) {
	v, err := b.info(ctx)
	if err != nil {
		return position{}, err
	}
	at := position{node: v.Pubkey}
	err = b.db.Read(ctx, func(tx sqldb.Tx) error {
		return tx.QueryRow(ctx, stmtFindDelivered, at.node).Scan(&at.index, &at.hash)
	})
	if errors.Is(err, sqldb.ErrNoRows) {
		return at, nil
	}
	if err != nil {
		return at, err
	}
	hash, _ := parseHash(at.hash)
	last, err := b.lookup(ctx, hash)
	if err == nil && uint64(last.SettleIndex) == at.index {
		return at, nil
	}
	if err != nil && !errors.Is(err, lightning.ErrUnknownRequest) {
		return at, err
	}
	b.log.Warn("the node does not know the payment that was delivered last; all its payments are looked through")
	at.index, at.hash = 0, ""
	return at, b.db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error {
		_, err := tx.Exec(ctx, stmtResetDelivered, at.node)
		return err
	})
}

// scan delivers every payment that the node has received, oldest first. It looks twice:
// what settles while it looks may be on a page that was read before, so the first look
// only finds out how far the second one can see everything.
func (b *Backend) scan(ctx context.Context, at position, deliver func(lightning.Incoming) error) (position, error) {
	var last number
	err := b.invoices(ctx, func(v invoice) {
		if v.State == stateSettled {
			last = max(last, v.SettleIndex)
		}
	})
	if err != nil || last == 0 {
		return at, err
	}
	var settled []invoice
	err = b.invoices(ctx, func(v invoice) {
		if v.State == stateSettled && v.SettleIndex <= last {
			settled = append(settled, v)
		}
	})
	if err != nil {
		return at, err
	}
	slices.SortFunc(settled, func(a, b invoice) int { return cmp.Compare(a.SettleIndex, b.SettleIndex) })
	for _, v := range settled {
		if err := b.deliver(ctx, &at, v, deliver); err != nil {
			return at, err
		}
	}
	return at, nil
}

// invoices reads all invoices of the node.
func (b *Backend) invoices(ctx context.Context, each func(invoice)) error {
	for offset := number(0); ; {
		var page struct {
			Invoices []invoice `json:"invoices"`
			Last     number    `json:"last_index_offset"`
		}
		quick, cancel := quickly(ctx)
		err := b.client.call(quick, http.MethodGet, fmt.Sprintf("/v1/invoices?num_max_invoices=%d&index_offset=%d", b.page, offset), nil, &page)
		cancel()
		if err != nil {
			return err
		}
		for _, v := range page.Invoices {
			each(v)
		}
		if len(page.Invoices) < b.page || page.Last <= offset {
			return nil
		}
		offset = page.Last
	}
}

// deliver delivers one payment and notes that it was taken.
func (b *Backend) deliver(ctx context.Context, at *position, v invoice, deliver func(lightning.Incoming) error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	p, counts := b.incoming(v)
	if counts {
		if err := deliver(p); err != nil {
			return deliveryError{err}
		}
		crashpoint.Here(crashDelivered)
	}
	hash, err := v.hash()
	if err != nil {
		return err
	}
	at.index, at.hash = uint64(v.SettleIndex), hex.EncodeToString(hash)
	// Also when ctx has ended: what was taken need not come again.
	ctx = context.WithoutCancel(ctx)
	return b.db.Write(ctx, sqldb.Deferred, func(tx sqldb.Tx) error {
		_, err := tx.Exec(ctx, stmtSetDelivered, at.node, at.index, at.hash)
		return err
	})
}
