// Package durable writes files that survive a power cut.
//
// A file written here is either there with all of its bytes or not there at
// all: the bytes go to a temporary file beside the target, are forced to the
// disk, get their name in one step, and then the directory is forced to the
// disk too, because a name that is only in memory is lost with the power. It
// trusts the file system to keep its promises about fsync and hard links, and
// it must never show the content of a file in an error.
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteFile writes data to path with the mode perm, whatever the umask says,
// and replaces a file of that name. The old content stays in place until the
// new one is complete and on the disk.
func WriteFile(path string, data []byte, perm fs.FileMode) error {
	return write(path, data, perm, os.Rename)
}

// WriteNew is WriteFile for a file that must not exist yet: when it does, it
// stays as it is and the error is fs.ErrExist. Of two callers at once exactly
// one wins. The file system must know hard links.
func WriteNew(path string, data []byte, perm fs.FileMode) error {
	return write(path, data, perm, os.Link)
}

func write(path string, data []byte, perm fs.FileMode, publish func(from, to string) error) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".tmp-*")
	if err != nil {
		return fmt.Errorf("creating a temporary file for %s: %w", path, err)
	}
	// After a rename there is nothing left to remove; after a link, or any
	// failure, there is.
	defer func() {
		if rmErr := os.Remove(f.Name()); rmErr != nil && !errors.Is(rmErr, fs.ErrNotExist) {
			err = errors.Join(err, fmt.Errorf("removing the temporary file of %s: %w", path, rmErr))
		}
	}()
	if err := fill(f, data, perm); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := publish(f.Name(), path); err != nil {
		return fmt.Errorf("putting %s in place: %w", path, err)
	}
	if err := SyncDir(dir); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// fill writes, forces to disk and closes. The mode is set before the first byte
// so that a secret is never readable by others, not even for a moment.
func fill(f *os.File, data []byte, perm fs.FileMode) error {
	err := f.Chmod(perm)
	if err == nil {
		_, err = f.Write(data)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// SyncDir forces the names in a directory to the disk: needed after a file in
// it was created, renamed or removed.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("opening the directory: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}
