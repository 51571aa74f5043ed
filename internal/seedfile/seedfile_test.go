package seedfile

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// quickWork keeps the tests fast; the real work is a constant of Write.
const quickWork = 10

const testWords = "legal winner thank year wave sausage worth useful legal winner thank year " +
	"wave sausage worth useful legal winner thank year wave sausage worth title"

func passphrase(p string) func() ([]byte, error) {
	return func() ([]byte, error) { return []byte(p), nil }
}

func TestASealedSeedOpensWithItsPassphraseOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "seed")
	if err := Write(path, testWords, Seal{Passphrase: []byte("open sesame"), work: quickWork}); err != nil {
		t.Fatal(err)
	}
	assertMode0600(t, path)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(content, []byte("legal")) {
		t.Fatal("the words are in the sealed file")
	}
	seed, err := Read(path, passphrase("open sesame"))
	if err != nil {
		t.Fatal(err)
	}
	assertSameSeed(t, seed, testWords)

	noTerminal := errors.New("no terminal")
	for name, c := range map[string]struct {
		phrase func() ([]byte, error)
		want   error
	}{
		"a wrong passphrase":           {passphrase("open sesam"), ErrWrongSeal},
		"no passphrase":                {nil, ErrNoPassphrase},
		"an empty passphrase":          {passphrase(""), ErrNoPassphrase},
		"a passphrase that cannot ask": {func() ([]byte, error) { return nil, noTerminal }, ErrNoPassphrase},
	} {
		t.Run(name, func(t *testing.T) {
			seed, err := Read(path, c.phrase)
			if !errors.Is(err, c.want) || !seed.IsZero() {
				t.Errorf("Read = %v, want %v", err, c.want)
			}
		})
	}
}

// What `age -d` does: the library's own reader opens our file, and the content
// is the words and nothing else.
func TestASealedSeedIsAnOrdinaryAgeFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "seed")
	if err := Write(path, testWords, Seal{Passphrase: []byte("pass"), work: quickWork}); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	identity, err := age.NewScryptIdentity("pass")
	if err != nil {
		t.Fatal(err)
	}
	plain, err := age.Decrypt(armor.NewReader(f), identity)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(plain)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != testWords+"\n" {
		t.Errorf("content is %q", got)
	}
}

func TestABinaryAgeFileIsRead(t *testing.T) {
	t.Parallel()
	recipient, err := age.NewScryptRecipient("pass")
	if err != nil {
		t.Fatal(err)
	}
	recipient.SetWorkFactor(quickWork)
	var buf bytes.Buffer
	w, err := age.Encrypt(&buf, recipient)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, testWords); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := writeFile(t, buf.Bytes(), 0o400)
	seed, err := Read(path, passphrase("pass"))
	if err != nil {
		t.Fatal(err)
	}
	assertSameSeed(t, seed, testWords)
}

func TestAPlainSeedNeedsNoPassphrase(t *testing.T) {
	t.Parallel()
	for _, text := range []string{testWords, strings.Repeat("0f", 32)} {
		path := filepath.Join(t.TempDir(), "seed")
		if err := Write(path, "  "+text+"\n", Seal{}); err != nil {
			t.Fatal(err)
		}
		assertMode0600(t, path)
		seed, err := Read(path, func() ([]byte, error) {
			t.Error("asked for a passphrase")
			return nil, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		assertSameSeed(t, seed, text)
	}
}

func TestASeedFileIsNeverReplaced(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "seed")
	if err := Write(path, testWords, Seal{}); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, strings.Repeat("0f", 32), Seal{}); !errors.Is(err, ErrExists) {
		t.Fatalf("second write = %v, want ErrExists", err)
	}
	seed, err := Read(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	assertSameSeed(t, seed, testWords)
}

func TestWhatCouldNeverBeReadIsNotWritten(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(path string) error{
		"no seed":             func(p string) error { return Write(p, "hunter2", Seal{}) },
		"an empty passphrase": func(p string) error { return Write(p, testWords, Seal{Passphrase: []byte{}, work: quickWork}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "seed")
			if err := write(path); err == nil {
				t.Error("no error")
			}
			if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("there is a file: %v", err)
			}
		})
	}
}

func TestEachProblemOfASeedFileHasItsOwnError(t *testing.T) {
	t.Parallel()
	sealed := filepath.Join(t.TempDir(), "sealed")
	if err := Write(sealed, testWords, Seal{Passphrase: []byte("pass"), work: quickWork}); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(sealed)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path string
		want error
	}{
		"missing":              {filepath.Join(t.TempDir(), "none"), ErrMissing},
		"a directory":          {t.TempDir(), ErrUnreadable},
		"readable by everyone": {writeFile(t, []byte(testWords), 0o604), ErrExposed},
		"readable by group":    {writeFile(t, []byte(testWords), 0o640), ErrExposed},
		"writable by group":    {writeFile(t, []byte(testWords), 0o620), ErrExposed},
		"sealed but exposed":   {writeFile(t, whole, 0o644), ErrExposed},
		"nonsense":             {writeFile(t, []byte("hunter2"), 0o600), ErrFormat},
		"empty":                {writeFile(t, nil, 0o600), ErrFormat},
		"huge":                 {writeFile(t, make([]byte, maxFile+1), 0o600), ErrFormat},
		"cut off":              {writeFile(t, whole[:len(whole)/2], 0o600), ErrWrongSeal},
		"only the first line":  {writeFile(t, []byte(armor.Header), 0o600), ErrWrongSeal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed, err := Read(c.path, passphrase("pass"))
			if !errors.Is(err, c.want) || !seed.IsZero() {
				t.Fatalf("Read = %v, want %v", err, c.want)
			}
			if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "legal") {
				t.Errorf("the error shows content: %v", err)
			}
		})
	}
}

// Root may read everything, so this one is skipped there.
func TestAFileOfSomebodyElseIsUnreadable(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root can read any file")
	}
	_, err := Read(writeFile(t, []byte(testWords), 0o200), nil)
	if !errors.Is(err, ErrUnreadable) {
		t.Errorf("Read = %v, want ErrUnreadable", err)
	}
}

func writeFile(t *testing.T, content []byte, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "seed")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func assertMode0600(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v, want 0600", info.Mode().Perm())
	}
}

func assertSameSeed(t *testing.T, got Seed, text string) {
	t.Helper()
	want, err := FromText(text)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Error("another seed came back")
	}
}
