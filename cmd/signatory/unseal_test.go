package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestThePassphraseComesFromASystemdCredential(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	if err := os.WriteFile(filepath.Join(dir, "pass"), []byte("open sesame\n"), 0o400); err != nil {
		t.Fatal(err)
	}
	from := passphraseFlags{fd: -1, credential: "pass"}
	if got, err := testProgram().readPassphrase(t.Context(), from, false); err != nil || string(got) != "open sesame" {
		t.Errorf("it is %q, %v", got, err)
	}
	for _, name := range []string{"other", "../pass", "..", "."} {
		from.credential = name
		if got, err := testProgram().readPassphrase(t.Context(), from, false); err == nil {
			t.Errorf("%q gave %q", name, got)
		}
	}
}
