package sqlstore_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"mintmark/wallet/sqlstore"
)

// presentEnv makes a process of this test hold a store open until it is killed.
const presentEnv = "MINTMARK_SQLSTORE_PRESENT"

func openWith(t testing.TB, url, locks string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), sqlstore.Config{Path: url, Locks: locks, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// hold is such a process.
func hold(url string) {
	s, err := sqlstore.Open(context.Background(), sqlstore.Config{Path: url, Locks: os.Getenv(presentEnv + "_LOCKS")})
	if err == nil {
		err = os.WriteFile(os.Getenv(presentEnv+"_NAME"), []byte(s.Instance()), 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	time.Sleep(time.Hour)
	os.Exit(1)
}

// A process that used a database on a server was killed. On its own machine that is
// known at once; elsewhere it takes longer, and a living one is alive for everybody.
func TestADeathOnThisMachineIsKnownAtOnce(t *testing.T) {
	t.Parallel()
	url, dir := postgres.Database(t), t.TempDir()
	locks, name := filepath.Join(dir, "wallet"), filepath.Join(dir, "name")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), presentEnv+"="+url, presentEnv+"_LOCKS="+locks, presentEnv+"_NAME="+name)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	t.Cleanup(kill)
	var instance string
	for range 3000 {
		text, err := os.ReadFile(name)
		if instance = string(text); err == nil && instance != "" {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	here, there := openWith(t, url, locks), openWith(t, url, filepath.Join(t.TempDir(), "wallet"))
	for what, s := range map[string]*sqlstore.Store{"here": here, "there": there} {
		if alive, err := s.Alive(t.Context(), instance); err != nil || !alive {
			t.Fatalf("%s the living is dead: %v", what, err)
		}
	}
	kill()
	// Its connection ends with it, and the server may need a moment to see that.
	known := time.Now()
	for alive := true; alive; {
		var err error
		if alive, err = here.Alive(t.Context(), instance); err != nil {
			t.Fatal(err)
		}
		if time.Since(known) > 8*time.Second {
			t.Fatal("it is not known at once that it is dead")
		}
	}
	if alive, err := openWith(t, url, locks).Alive(t.Context(), instance); err != nil || alive {
		t.Errorf("who opens the database later does not know: %v", err)
	}
	if alive, err := there.Alive(t.Context(), instance); err != nil || !alive {
		t.Errorf("it is known at once where nothing of it can be seen: %v", err)
	}
}
