package sqlstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Commands that begin and end at the same time on one wallet tidy up after the dead
// and must take none of the living for one of them.
func TestAProcessLivesFromItsFirstMomentToItsLast(t *testing.T) {
	t.Parallel()
	database := filepath.Join(t.TempDir(), "wallet.db")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 100 {
				name := fmt.Sprintf("%d-%d", i, j)
				l, err := openLocks(database, name)
				if err != nil {
					t.Errorf("process %s cannot begin: %v", name, err)
					return
				}
				sweep(l.prefix, 0)
				if gone, err := (&locks{prefix: l.prefix}).Gone(t.Context(), name); gone || err != nil {
					t.Errorf("process %s is gone while it lives: %v", name, err)
				}
				if err := l.Close(); err != nil {
					t.Errorf("process %s cannot end: %v", name, err)
				}
				if gone, err := (&locks{prefix: l.prefix}).Gone(t.Context(), name); !gone || err != nil {
					t.Errorf("process %s lives after its end: %v", name, err)
				}
			}
		})
	}
	all.Wait()
	if left, _ := filepath.Glob(database + "*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestFilesOfTheDeadAreTidiedUp(t *testing.T) {
	t.Parallel()
	database := filepath.Join(t.TempDir(), "wallet.db")
	dead, unfinished, beginning := database+".process-dead", database+unborn+"dead", database+unborn+"young"
	for _, name := range []string{dead, unfinished, beginning} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-time.Hour)
	if err := os.Chtimes(unfinished, long, long); err != nil {
		t.Fatal(err)
	}
	l, err := openLocks(database, "me")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, want := range map[string]bool{dead: false, unfinished: false, beginning: true} {
		if _, err := os.Stat(name); errors.Is(err, os.ErrNotExist) == want {
			t.Errorf("%s: %v", filepath.Base(name), err)
		}
	}
}
