package mint

import (
	"context"
	"errors"
	"fmt"

	"mintmark/mint/lightning"
)

// A name that goes over to another node is a way to pay twice: the new node never heard
// of the payments that are under way, says so, and recovery would send them again. So the
// database remembers which node answers to a name, where a node can be told from others.

// errOtherNode: another node stands under the name of a backend than before.
var errOtherNode = errors.New("another node than before answers under the name of this payment backend: " +
	"give the new one another name, and let the old one end what it began")

// configNode is where the database remembers which node a name belongs to.
func configNode(name string) ConfigKey { return ConfigKey("node/" + name) }

// sameNode asks the backend's node who it is, and fails if it is another than the first
// time, or does not say.
func (m *Mint) sameNode(ctx context.Context, b Backend) error {
	identified, can := firstAs[lightning.Identified](b)
	if !can {
		return nil
	}
	is, err := identified.Identity(ctx)
	if err != nil {
		return fmt.Errorf("asking a payment backend which node it is: %w", err)
	}
	was, err := m.store.Config(ctx, configNode(b.Name))
	if errors.Is(err, ErrNotFound) {
		err = m.store.Update(ctx, Durable, func(tx Tx) (err error) {
			if was, err = tx.Config(ctx, configNode(b.Name)); errors.Is(err, ErrNotFound) {
				was, err = is, tx.SetConfig(ctx, configNode(b.Name), is)
			}
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("reading which node a payment backend was: %w", err)
	}
	m.nodes.estrange(b.Name, is != was)
	if is != was {
		return fmt.Errorf("%w (%s)", errOtherNode, b.Name)
	}
	return nil
}

func (n *nodes) estrange(name string, stranger bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.strangers == nil {
		n.strangers = map[string]bool{}
	}
	n.strangers[name] = stranger
}

// stranger tells whether another node answers under the name.
func (n *nodes) stranger(name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.strangers[name]
}
