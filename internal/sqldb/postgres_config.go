package sqldb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Postgres is the settings of a database on a PostgreSQL server.
//
// The URL may carry the parameters of libpq. sslmode is verify-full unless the
// server is on this machine, reached over loopback or a unix socket. The modes
// that would talk to a stranger or fall back to plain text (prefer, allow,
// require) are refused everywhere, disable is refused for other machines.
// sslrootcert names the file of the authority; without it the system's are
// trusted.
type Postgres struct {
	// PasswordFile holds the password if the URL does not. It is read for every
	// new connection and must not be open to others. Empty: none.
	PasswordFile string
	// Writers is the number of writing transactions that run side by side; more
	// wait. 0 = 16.
	Writers int
	// ConnectTimeout bounds the making of a connection and the waiting for a
	// free one. 0 = 5 s.
	ConnectTimeout time.Duration
	// StatementTimeout bounds each statement, and the commit. 0 = 10 s.
	StatementTimeout time.Duration
	// LockTimeout bounds the waiting for a row that somebody else is changing.
	// 0 = 5 s.
	LockTimeout time.Duration
}

func (p *Postgres) validate() error {
	var errs []error
	if p.Writers < 0 {
		errs = append(errs, fmt.Errorf("sqldb: %d writers", p.Writers))
	}
	if p.Writers == 0 {
		p.Writers = 16
	}
	for _, d := range []struct {
		name  string
		value *time.Duration
		zero  time.Duration
	}{
		{"connect", &p.ConnectTimeout, 5 * time.Second},
		{"statement", &p.StatementTimeout, 10 * time.Second},
		{"lock", &p.LockTimeout, 5 * time.Second},
	} {
		if *d.value < 0 {
			errs = append(errs, fmt.Errorf("sqldb: the %s timeout is negative", d.name))
		}
		if *d.value == 0 {
			*d.value = d.zero
		}
	}
	return errors.Join(errs...)
}

// postgresPool is the configuration of one pool of connections.
func postgresPool(c Config, size int, settings map[string]string) (*pgxpool.Config, error) {
	p, err := parseServer(c.Path)
	if err != nil {
		return nil, err
	}
	p.MaxConns, p.MinConns, p.MinIdleConns = int32(size), 0, 0
	p.MaxConnLifetime, p.MaxConnLifetimeJitter = 30*time.Minute, 5*time.Minute
	p.MaxConnIdleTime, p.HealthCheckPeriod = 5*time.Minute, 30*time.Second
	p.PingTimeout = c.Postgres.ConnectTimeout
	prepareConn(c, p.ConnConfig, settings)
	// Now, for an error that says what is wrong; and for every connection, because
	// passwords change.
	p.BeforeConnect = func(_ context.Context, conn *pgx.ConnConfig) error { return c.Postgres.authenticate(conn) }
	return p, c.Postgres.authenticate(p.ConnConfig)
}

// prepareConn sets what every connection has in common.
func prepareConn(c Config, conn *pgx.ConnConfig, settings map[string]string) {
	conn.ConnectTimeout = c.Postgres.ConnectTimeout
	conn.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	defaults := map[string]string{
		"application_name":                    "mintmark",
		"statement_timeout":                   milliseconds(c.Postgres.StatementTimeout),
		"lock_timeout":                        milliseconds(c.Postgres.LockTimeout),
		"idle_in_transaction_session_timeout": milliseconds(c.Postgres.StatementTimeout),
		// So that the server notices within half a minute when this machine is
		// gone, and lets go of its locks.
		"tcp_keepalives_idle":     "10",
		"tcp_keepalives_interval": "5",
		"tcp_keepalives_count":    "3",
	}
	for name, value := range defaults {
		if _, said := conn.RuntimeParams[name]; !said {
			conn.RuntimeParams[name] = value
		}
	}
	for name, value := range settings {
		conn.RuntimeParams[name] = value
	}
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// authenticate adds the password from the file.
func (p Postgres) authenticate(conn *pgx.ConnConfig) error {
	if p.PasswordFile == "" {
		return nil
	}
	info, err := os.Stat(p.PasswordFile)
	if err != nil {
		return fmt.Errorf("the password file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("the password file %s is open to others (mode %04o): chmod 600 it", p.PasswordFile, info.Mode().Perm())
	}
	text, err := os.ReadFile(p.PasswordFile)
	if err != nil {
		return fmt.Errorf("the password file: %w", err)
	}
	conn.Password = strings.TrimRight(string(text), "\r\n")
	return nil
}
