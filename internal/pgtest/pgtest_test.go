package pgtest_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"mintmark/internal/pgtest"
)

var shared pgtest.Shared

func TestMain(m *testing.M) {
	code := m.Run()
	shared.Stop()
	os.Exit(code)
}

// ask runs a query that gives one value.
func ask(t testing.TB, url, sql string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	var answer string
	err = conn.QueryRow(ctx, sql).Scan(&answer)
	return answer, err
}

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	a, b := shared.Database(t), shared.Database(t)
	first, err := ask(t, a, "SELECT current_database()::text")
	if err != nil {
		t.Fatal(err)
	}
	second, err := ask(t, b, "SELECT current_database()::text")
	if err != nil || first == second {
		t.Errorf("the databases are %q and %q (%v)", first, second, err)
	}
	x, err := ask(t, shared.Schema(t), "SELECT current_schema()::text")
	if err != nil {
		t.Fatal(err)
	}
	if y, err := ask(t, shared.Schema(t), "SELECT current_schema()::text"); err != nil || x == y || x == "public" {
		t.Errorf("the schemas are %q and %q (%v)", x, y, err)
	}
	super, err := ask(t, a, "SELECT current_setting('is_superuser')")
	if err != nil || super != "off" {
		t.Errorf("tests run as an administrator: %q, %v", super, err)
	}
}

func TestAServerSurvivesStopKillAndFreeze(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t, pgtest.Options{Fsync: true})
	url := s.Database(t)
	if _, err := ask(t, url, "SELECT current_setting('fsync')"); err != nil {
		t.Fatal(err)
	}
	s.Stop(t)
	if _, err := ask(t, url, "SELECT 'up'"); err == nil {
		t.Error("a stopped server answers")
	}
	s.Restart(t)
	s.Kill(t)
	if _, err := ask(t, url, "SELECT 'up'"); err == nil {
		t.Error("a killed server answers")
	}
	s.Restart(t)
	s.Freeze(t)
	if _, err := ask(t, url, "SELECT 'up'"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a frozen server: %v, want a timeout", err)
	}
	s.Thaw(t)
	if got, err := ask(t, url, "SELECT 'up'"); got != "up" || err != nil {
		t.Errorf("a thawed server: %q, %v", got, err)
	}
}

func TestAPasswordIsAskedFor(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t, pgtest.Options{Password: "it's secret"})
	url := s.Database(t)
	if _, err := ask(t, url, "SELECT 'in'"); err != nil {
		t.Errorf("with the password: %v", err)
	}
	if _, err := ask(t, strings.Replace(url, "mint:", "mint:x", 1), "SELECT 'in'"); err == nil {
		t.Error("a wrong password was accepted")
	}
}

// TestNoServerOutlivesItsTest starts a server in a second test binary, which is
// this one again, and kills that.
func TestNoServerOutlivesItsTest(t *testing.T) {
	if os.Getenv("PGTEST_VICTIM") != "" {
		s := pgtest.Start(t, pgtest.Options{})
		_, _ = os.Stdout.WriteString("port " + strconv.Itoa(s.Port) + " of " + s.Sockets + "\n")
		select {}
	}
	t.Parallel()
	shared.Server(t) // skips without PostgreSQL
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNoServerOutlivesItsTest$")
	cmd.Env = append(os.Environ(), "PGTEST_VICTIM=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 256)
	n, err := out.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(string(buffer[:n]))
	if len(words) != 4 {
		t.Fatalf("the victim said %q", buffer[:n])
	}
	t.Cleanup(func() { _ = os.RemoveAll(words[3]) })
	url := "postgres://mint@127.0.0.1:" + words[1] + "/postgres"
	if _, err := ask(t, url, "SELECT 'up'"); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := ask(t, url, "SELECT 'up'"); err != nil {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the server outlived the binary that started it")
		}
	}
}
