package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// home is the directory of one wallet: its seed, and its database unless that is on
// a server.
type home string

var walletName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// errNoWallet: there is no seed, so there is no wallet.
var errNoWallet = errors.New("there is no wallet of this name")

func (g *globals) home() (home, error) {
	switch {
	case g.dataDir == "":
		return "", usageError{errors.New("there is no home directory: say --data-dir")}
	case !walletName.MatchString(g.name):
		return "", usageError{fmt.Errorf("%q cannot be the name of a wallet: letters, digits and _.- can", g.name)}
	}
	return home(filepath.Join(g.dataDir, g.name)), nil
}

func (h home) seed() string { return filepath.Join(string(h), "seed") }

// address is the file that holds the URL of a database on a server.
func (h home) address() string { return filepath.Join(string(h), "database") }

func (h home) file() string { return filepath.Join(string(h), "wallet.db") }

// create makes the directory, for its owner only.
func (h home) create() error {
	if err := os.MkdirAll(string(h), 0o700); err != nil {
		return fmt.Errorf("making the directory of the wallet: %w", err)
	}
	return nil
}

// mustExist refuses a wallet that nobody has made.
func (h home) mustExist() error {
	_, err := os.Stat(h.seed())
	if errors.Is(err, fs.ErrNotExist) {
		return hint(fmt.Errorf("%w: %s", errNoWallet, h), `"wallet seed new" makes one, "wallet seed import" brings one back from its words`)
	}
	if err != nil {
		return fmt.Errorf("looking for the wallet: %w", err)
	}
	return nil
}

// close takes from others what they could read or write here: unspent coins are
// bearer money. It names what was open; a file that is not there is nothing to close.
func (h home) close() (open []string, err error) {
	for _, path := range []string{string(h), h.file(), h.file() + "-wal", h.file() + "-shm"} {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return open, fmt.Errorf("looking at the files of the wallet: %w", err)
		}
		mode := info.Mode().Perm()
		if mode&0o077 == 0 {
			continue
		}
		open = append(open, path)
		if err := os.Chmod(path, mode&^0o077); err != nil {
			return open, fmt.Errorf("others can read the wallet: %w", err)
		}
	}
	return open, nil
}

// database is where the wallet's coins are: in its directory, or where it was told
// when it was made.
func (h home) database() (string, error) {
	text, err := os.ReadFile(h.address())
	if errors.Is(err, fs.ErrNotExist) {
		return h.file(), nil
	}
	if err != nil {
		return "", fmt.Errorf("looking for the database of the wallet: %w", err)
	}
	return string(text), nil
}
