package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"mintmark/internal/durable"
)

func TestWriteFileReplacesAndKeepsTheMode(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	for _, content := range []string{"first and longer", "second"} {
		if err := durable.WriteFile(path, []byte(content), 0o640); err != nil {
			t.Fatal(err)
		}
		assertFile(t, path, content, 0o640)
	}
	assertOnlyFile(t, path)
}

func TestWriteNewNeverTouchesAnExistingFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "seed")
	if err := durable.WriteNew(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteNew(path, []byte("other"), 0o644); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("second WriteNew = %v, want fs.ErrExist", err)
	}
	assertFile(t, path, "precious", 0o600)
	assertOnlyFile(t, path)
}

func TestOfManyWritersOfANewFileExactlyOneWins(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "seed")
	errs := make([]error, 16)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = durable.WriteNew(path, []byte{byte(i)}, 0o600) })
	}
	wg.Wait()
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner >= 0:
			t.Fatalf("both %d and %d think that they wrote the file", winner, i)
		case err == nil:
			winner = i
		case !errors.Is(err, fs.ErrExist):
			t.Errorf("writer %d: %v, want fs.ErrExist", i, err)
		}
	}
	if winner < 0 {
		t.Fatal("nobody wrote the file")
	}
	assertFile(t, path, string([]byte{byte(winner)}), 0o600)
	assertOnlyFile(t, path)
}

func TestAMissingDirectoryIsAnError(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "none", "file")
	if err := durable.WriteFile(path, nil, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("WriteFile = %v, want fs.ErrNotExist", err)
	}
	if err := durable.SyncDir(filepath.Dir(path)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("SyncDir = %v, want fs.ErrNotExist", err)
	}
}

// A target that cannot be replaced: the failure happens after the temporary
// file is complete, and must not leave it behind.
func TestAFailedWriteLeavesNoTemporaryFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "directory")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteFile(path, []byte("x"), 0o600); err == nil {
		t.Fatal("a directory was replaced by a file")
	}
	assertOnlyFile(t, path)
}

func assertFile(t *testing.T, path, content string, perm fs.FileMode) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != content {
		t.Errorf("content is %q, want %q", got, content)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != perm {
		t.Errorf("mode is %v, want %v", info.Mode().Perm(), perm)
	}
}

func assertOnlyFile(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != filepath.Base(path) {
		t.Errorf("the directory holds %v, want only %s", entries, filepath.Base(path))
	}
}
