package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// startTimeout bounds how long a server may take until it answers.
const startTimeout = 30 * time.Second

// Server is a running PostgreSQL. Its methods are for one goroutine at a time,
// but for Database and URL.
type Server struct {
	// Authority is the file of the certificate authority, when TLS is offered.
	Authority string
	// Port on 127.0.0.1 and in the name of the socket in Sockets.
	Port int
	// Sockets is the directory of the server's unix socket, on which nobody is
	// asked for a password.
	Sockets string

	options  Options
	programs string
	dir      string
	user     *account // nil: as whom the test runs
	process  *process // nil: not running
	count    atomic.Int64

	schemas sync.Mutex
	common  *pgx.Conn // to the database that has schemas for tests
}

// role is the user of the databases. It may do nothing beyond them, like the user
// of a careful operator.
const role = "mint"

func newServer(programs string, o Options) (_ *Server, err error) {
	user, err := unprivileged()
	if err != nil {
		return nil, err
	}
	removeLeftovers()
	// Not the test's own directory: the path of a socket has about 100 bytes. The
	// name tells whose it is.
	dir, err := os.MkdirTemp("", fmt.Sprintf("%s%d-", dirPrefix, os.Getpid()))
	if err != nil {
		return nil, err
	}
	s := &Server{options: o, programs: programs, dir: dir, Sockets: dir, user: user}
	defer func() {
		if err != nil {
			s.discard()
		}
	}()
	if err := s.user.own(dir); err != nil {
		return nil, err
	}
	if err := s.initialise(); err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		// Somebody may take the port between its choice and its use.
		if s.Port, err = freePort(); err != nil {
			return nil, err
		}
		if err = s.start(); err == nil || try == 2 {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	return s, s.exec("CREATE ROLE " + role + " LOGIN PASSWORD '" + quote(o.Password) + "'")
}

// data is the directory of the server's own files.
func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// logFile is where the server writes what it has to say.
func (s *Server) logFile() string { return filepath.Join(s.dir, "log") }

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

// URL is the address of a database over TCP, with the password but without any
// word about TLS.
func (s *Server) URL(database string) string { return s.url("127.0.0.1", database).String() }

// URLAt is URL with another name of this machine, for example localhost.
func (s *Server) URLAt(host, database string) string { return s.url(host, database).String() }

func (s *Server) url(host, database string) *url.URL {
	u := &url.URL{Scheme: "postgres", User: url.User(role), Host: net.JoinHostPort(host, strconv.Itoa(s.Port)), Path: "/" + database}
	if s.options.Password != "" {
		u.User = url.UserPassword(role, s.options.Password)
	}
	return u
}

// Database makes a database and returns its URL. It is dropped at the end of the
// test, if the server still runs then.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test%d", s.count.Add(1))
	if err := s.exec("CREATE DATABASE " + name + " OWNER " + role); err != nil {
		t.Fatalf("making a database: %v", err)
	}
	t.Cleanup(func() { _ = s.exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)") })
	return s.URL(name)
}

// commonDatabase has a schema for each test that asks for one.
const commonDatabase = "common"

func (s *Server) schema(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test%d", s.count.Add(1))
	if err := s.addSchema(name); err != nil {
		t.Fatalf("making a schema: %v", err)
	}
	return s.URL(commonDatabase) + "?search_path=" + name
}

func (s *Server) addSchema(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	s.schemas.Lock()
	defer s.schemas.Unlock()
	if s.common == nil {
		if err := s.exec("CREATE DATABASE " + commonDatabase + " OWNER " + role); err != nil {
			return err
		}
		conn, err := s.admin(ctx, commonDatabase)
		if err != nil {
			return err
		}
		s.common = conn
	}
	_, err := s.common.Exec(ctx, "CREATE SCHEMA "+name+" AUTHORIZATION "+role)
	return err
}

// Exec runs statements as the server's administrator, in the database of the
// administrator.
func (s *Server) Exec(t testing.TB, sql string) {
	t.Helper()
	if err := s.exec(sql); err != nil {
		t.Fatalf("as the administrator: %v", err)
	}
}

func (s *Server) exec(sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	conn, err := s.admin(ctx, "postgres")
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}

// admin connects as the administrator, over the socket.
func (s *Server) admin(ctx context.Context, database string) (*pgx.Conn, error) {
	c, err := pgx.ParseConfig(fmt.Sprintf("host=%s port=%d user=postgres dbname=%s sslmode=disable connect_timeout=5", s.Sockets, s.Port, database))
	if err != nil {
		return nil, err
	}
	return pgx.ConnectConfig(ctx, c)
}
