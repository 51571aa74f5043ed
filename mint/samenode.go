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

// errNoIdentity: a node that should say who it is does not.
var errNoIdentity = errors.New("it does not say")

// configNode is where the database remembers which node a name belongs to.
func configNode(name string) ConfigKey { return ConfigKey("node/" + name) }

// sameBackend fails if a backend remembers in another place than the first time, or its node
// is another one, or does not say who it is.
func (m *Mint) sameBackend(ctx context.Context, b Backend) error {
	err := m.sameMemory(ctx, b)
	if err == nil {
		err = m.sameIdentity(ctx, b)
	}
	if err == nil || isStranger(err) { // else nobody can tell
		m.nodes.estrange(b.Name, err)
	}
	return err
}

// isStranger tells whether an error says that a backend is not the one that it was.
func isStranger(err error) bool {
	return errors.Is(err, errOtherNode) || errors.Is(err, errOtherMemory)
}

// sameIdentity asks the backend's node who it is.
func (m *Mint) sameIdentity(ctx context.Context, b Backend) error {
	identified, can := firstAs[lightning.Identified](b)
	if !can {
		return nil
	}
	is, err := identified.Identity(ctx)
	if err == nil && is == "" {
		err = errNoIdentity
	}
	if err != nil {
		return fmt.Errorf("asking a payment backend which node it is: %w", err)
	}
	was, err := m.firstSeen(ctx, configNode(b.Name), is)
	if err != nil {
		return fmt.Errorf("reading which node a payment backend was: %w", err)
	}
	if is != was {
		return fmt.Errorf("%w (%s)", errOtherNode, b.Name)
	}
	return nil
}

// firstSeen is what the database remembers under the key, which is what it was told first.
func (m *Mint) firstSeen(ctx context.Context, key ConfigKey, is string) (was string, err error) {
	if was, err = m.store.Config(ctx, key); !errors.Is(err, ErrNotFound) {
		return was, err
	}
	err = m.store.Update(ctx, Durable, func(tx Tx) (err error) {
		if was, err = tx.Config(ctx, key); errors.Is(err, ErrNotFound) {
			was, err = is, tx.SetConfig(ctx, key, is)
		}
		return err
	})
	return was, err
}

func (n *nodes) estrange(name string, why error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.strangers == nil {
		n.strangers = map[string]error{}
	}
	n.strangers[name] = why
}

// estranged says in what the backend is another one than it was, or nil.
func (n *nodes) estranged(name string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.strangers[name]
}
