package sqldb

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
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

// IsServer tells whether the path of a database is the URL of one on a server.
func IsServer(path string) bool {
	return strings.HasPrefix(path, "postgres://") || strings.HasPrefix(path, "postgresql://")
}

// CheckServer tells what is wrong with the URL of a database on a server, without
// connecting to it. Files that the URL names are read.
func CheckServer(path string) error {
	_, err := parseServer(path)
	return err
}

// Redact hides a password in the path of a database.
func Redact(path string) string {
	if !IsServer(path) {
		return path
	}
	u, err := url.Parse(path)
	if err != nil {
		return serverName(path)
	}
	values := u.Query()
	for _, name := range []string{"password", "sslpassword"} {
		if values.Has(name) {
			values.Set(name, "xxxxx")
			u.RawQuery = values.Encode()
		}
	}
	return u.Redacted()
}

// serverName is what people may see of the URL of a database: no user, no
// password, no parameters.
func serverName(path string) string {
	_, rest, _ := strings.Cut(path, "://")
	rest, _, _ = strings.Cut(rest, "?")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	return "postgres://" + rest
}

// parseServer reads the URL of a database. What the driver says about a bad one
// is not passed on: it would repeat the URL.
func parseServer(path string) (*pgxpool.Config, error) {
	_, query, _ := strings.Cut(path, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, errors.New("the parameters of the URL are malformed")
	}
	if !values.Has("sslmode") {
		// Said here, so that nothing in the environment can say otherwise.
		plain, err := parseURL(with(path, "sslmode=disable"))
		if err != nil {
			return nil, err
		}
		if mode := "sslmode=verify-full"; !allLocal(plain.ConnConfig) {
			path = with(path, mode)
		} else {
			path = with(path, "sslmode=disable")
		}
	}
	c, err := parseURL(path)
	if err != nil {
		return nil, err
	}
	return c, checkTLS(c.ConnConfig)
}

// with adds a parameter to a URL.
func with(path, parameter string) string {
	if strings.Contains(path, "?") {
		return path + "&" + parameter
	}
	return path + "?" + parameter
}

func parseURL(path string) (*pgxpool.Config, error) {
	c, err := pgxpool.ParseConfig(path)
	if err == nil {
		return c, nil
	}
	if file := (*fs.PathError)(nil); errors.As(err, &file) {
		return nil, fmt.Errorf("a file that the URL names: %w", file)
	}
	return nil, errors.New("the URL is malformed: it has the form postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full")
}

// endpoint is one way to the server.
type endpoint struct {
	host string
	tls  *tls.Config
}

func endpoints(c *pgx.ConnConfig) []endpoint {
	list := []endpoint{{c.Host, c.TLSConfig}}
	for _, f := range c.Fallbacks {
		list = append(list, endpoint{f.Host, f.TLSConfig})
	}
	return list
}

// local tells whether the server is on this machine, by its address alone.
func (e endpoint) local() bool {
	if network, _ := pgconn.NetworkAddress(e.host, 0); network == "unix" || e.host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(e.host)
	return err == nil && ip.IsLoopback()
}

func allLocal(c *pgx.ConnConfig) bool {
	for _, e := range endpoints(c) {
		if !e.local() {
			return false
		}
	}
	return true
}

// checkTLS looks at what would be done, whatever the words were that led to it.
func checkTLS(c *pgx.ConnConfig) error {
	encrypted, plain := 0, 0
	for _, e := range endpoints(c) {
		switch {
		case e.tls == nil && !e.local():
			return fmt.Errorf("%w: sslmode=disable would send everything to %s in plain text; use sslmode=verify-full", ErrTLS, e.host)
		case e.tls == nil:
			plain++
		case e.tls.InsecureSkipVerify && e.tls.VerifyPeerCertificate == nil:
			return fmt.Errorf("%w: this sslmode does not check who answers, or falls back to plain text; use sslmode=verify-full", ErrTLS)
		default:
			encrypted++
		}
	}
	if encrypted > 0 && plain > 0 {
		return fmt.Errorf("%w: this sslmode falls back to plain text; use sslmode=verify-full", ErrTLS)
	}
	return nil
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
