package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"mintmark/internal/tlsdir"
)

const dirPrefix = "mintmark-pg-"

// removeLeftovers removes the directories of test binaries that were killed and
// could not do it themselves. Their servers died with them.
func removeLeftovers() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), dirPrefix+"*-*"))
	for _, dir := range dirs {
		owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), dirPrefix), "-")
		pid, err := strconv.Atoi(owner)
		if err == nil && syscall.Kill(pid, 0) == syscall.ESRCH {
			_ = os.RemoveAll(dir)
		}
	}
}

// account is a user who is not root.
type account struct{ uid, gid int }

// unprivileged is as whom a server must run: PostgreSQL refuses to run as root.
// nil means the user of the test.
func unprivileged() (*account, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.Atoi(u.Gid)
		if err != nil {
			return nil, err
		}
		return &account{uid: uid, gid: gid}, nil
	}
	return nil, fmt.Errorf("running as root, and there is neither a user postgres nor nobody to run PostgreSQL as")
}

// own gives a file or directory to the account.
func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Chown(path, a.uid, a.gid)
}

// become makes a command run as the account.
func (a *account) become(attributes *syscall.SysProcAttr) *syscall.SysProcAttr {
	if a != nil {
		attributes.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid), NoSetGroups: false}
	}
	return attributes
}

// initialise makes the files of a new server.
func (s *Server) initialise() error {
	cmd := exec.Command(filepath.Join(s.programs, "initdb"), "-D", s.data(), "-U", "postgres",
		"-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	cmd.Dir = s.dir
	cmd.Env = environment(s.dir)
	cmd.SysProcAttr = s.user.become(&syscall.SysProcAttr{})
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	if err := s.write("pg_hba.conf", s.rules()); err != nil {
		return err
	}
	if len(s.options.TLSHosts) > 0 {
		if err := s.certify(); err != nil {
			return err
		}
	}
	return s.write("postgresql.auto.conf", s.settings())
}

// environment is all that the programs of the server get to know of ours.
func environment(home string) []string {
	return []string{"PATH=/usr/bin:/bin", "HOME=" + home, "LC_ALL=C", "TZ=UTC"}
}

// rules is who may connect, and how.
func (s *Server) rules() string {
	kind, method := "host", "trust"
	if s.options.TLSOnly {
		kind = "hostssl"
	}
	if s.options.Password != "" {
		method = "scram-sha-256"
	}
	return fmt.Sprintf("local all all trust\n%[1]s all all 127.0.0.1/32 %[2]s\n%[1]s all all ::1/128 %[2]s\n", kind, method)
}

func (s *Server) settings() string {
	var b strings.Builder
	set := func(name, value string) { fmt.Fprintf(&b, "%s = '%s'\n", name, quote(value)) }
	set("listen_addresses", "127.0.0.1")
	set("unix_socket_directories", s.Sockets)
	set("logging_collector", "off")
	set("shared_buffers", "64MB")
	if !s.options.Fsync {
		set("fsync", "off")
		set("full_page_writes", "off")
	}
	if len(s.options.TLSHosts) > 0 {
		set("ssl", "on")
		set("ssl_cert_file", "server.pem")
		set("ssl_key_file", "server.key")
	}
	for name, value := range s.options.Settings {
		set(name, value)
	}
	return b.String()
}

// certify makes an authority and a certificate of the server.
func (s *Server) certify() error {
	dir := filepath.Join(s.dir, "tls")
	if _, err := tlsdir.Generate(tlsdir.Request{Dir: dir, Hosts: s.options.TLSHosts}); err != nil {
		return err
	}
	s.Authority = filepath.Join(dir, "ca.pem")
	for _, name := range []string{"server.pem", "server.key"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if err := s.write(name, string(text)); err != nil {
			return err
		}
	}
	return nil
}

// write makes a file that belongs to the server.
func (s *Server) write(name, text string) error {
	path := filepath.Join(s.data(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	return s.user.own(path)
}

// quote prepares a text for being put between single quotes.
func quote(text string) string { return strings.ReplaceAll(text, "'", "''") }
