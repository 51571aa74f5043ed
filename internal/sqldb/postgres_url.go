package sqldb

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

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
		mode := "sslmode=verify-full"
		if allLocal(plain.ConnConfig) {
			mode = "sslmode=disable"
		}
		path = with(path, mode)
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

// ServerFiles are the files that a connection to the database reads: those that the
// URL names and those that the driver looks for by itself. Some may not exist. Of a
// database that is not on a server there are none.
func ServerFiles(path string) []string {
	if !IsServer(path) {
		return nil
	}
	var files []string
	_, query, _ := strings.Cut(path, "?")
	values, _ := url.ParseQuery(query) // one that is malformed does not connect either
	for _, name := range []string{"sslrootcert", "sslcert", "sslkey", "passfile", "servicefile"} {
		files = append(files, values.Get(name), os.Getenv("PG"+strings.ToUpper(name)))
	}
	if home, err := os.UserHomeDir(); err == nil {
		for _, name := range []string{".pgpass", ".pg_service.conf", ".postgresql/root.crt", ".postgresql/postgresql.crt", ".postgresql/postgresql.key"} {
			files = append(files, filepath.Join(home, name))
		}
	}
	return slices.DeleteFunc(files, func(file string) bool { return file == "" })
}
