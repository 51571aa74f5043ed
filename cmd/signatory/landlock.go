package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mintmark/internal/commandline"
	"mintmark/internal/crashpoint"
	"mintmark/internal/fence"
	"mintmark/internal/sqldb"
)

// landlockFlag says how much the fence around the process matters.
type landlockFlag string

const (
	landlockTry     landlockFlag = "try"
	landlockRequire landlockFlag = "require"
	landlockOff     landlockFlag = "off"
)

func (f *landlockFlag) add(flags *pflag.FlagSet) {
	flags.StringVar((*string)(f), "landlock", string(landlockTry), "let the kernel refuse every file that is not needed: `try`, and the log says whether it does; require, or there is no start; or off")
}

func (f landlockFlag) check(cmd *cobra.Command) error {
	switch f {
	case landlockTry, landlockRequire, landlockOff:
		return nil
	}
	return commandline.Usagef(cmd, "--landlock %s is none of try, require and off", string(f))
}

// fenceIn keeps the process to the files of rules from now on.
func (p program) fenceIn(how landlockFlag, rules fence.Rules, log *slog.Logger) (fence.Report, error) {
	if how == landlockOff {
		return fence.Report{Problem: "--landlock off"}, nil
	}
	report := p.fence(rules)
	switch whole := report.Paths && report.Scopes; {
	case whole:
	case how == landlockRequire:
		return report, commandline.Hint(fmt.Errorf("--landlock require: it is not in force: %s", report.Problem),
			"Linux 6.12 has what is needed; --landlock try starts with what there is")
	default:
		log.Warn("Landlock is not wholly in force: the process could reach files that it does not need", "landlock", report)
	}
	return report, nil
}

// rules are the files that serve needs. Files that a reload or an unlock reads again
// may be replaced meanwhile, so their directories are allowed, not what is in them now.
func (f serveFlags) rules() fence.Rules {
	dir := dataDir(f.data)
	r := fence.Rules{Write: []string{f.data}, Terminal: "/dev/tty"}
	r.Read = append(r.Read, fence.Around(f.clients, f.rotation, f.unseal.passphrase.file, f.unseal.identityFile, f.database.passwordFile)...)
	if at, err := filepath.EvalSymlinks(dir.seed()); err == nil {
		r.Read = append(r.Read, fence.Around(at)...) // the seed may be a link
	}
	if f.tls != "" {
		r.Read = append(r.Read, f.tls)
		for _, name := range []string{"ca.pem", "server.pem", "server.key"} {
			r.Read = append(r.Read, fence.Around(filepath.Join(f.tls, name))...)
		}
	}
	if f.seedCred != "" || f.unseal.identityCredential != "" || f.unseal.passphrase.credential != "" {
		r.Read = append(r.Read, os.Getenv("CREDENTIALS_DIRECTORY"))
	}
	for _, address := range []string{f.listen, f.admin} {
		if path, ok := strings.CutPrefix(address, "unix:"); ok {
			r.Sockets = append(r.Sockets, filepath.Dir(path))
		}
	}
	if f.place.Shared() {
		r.Read = append(r.Read, fence.Around(sqldb.ServerFiles(f.place.Path)...)...)
		// The authorities of the system, and what the C library looks up names with.
		r.Read = append(r.Read, "/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/usr/share/ca-certificates",
			"/usr/local/share/ca-certificates", os.Getenv("SSL_CERT_FILE"),
			"/lib", "/lib64", "/usr/lib", "/etc/ld.so.cache")
		r.Read = append(r.Read, filepath.SplitList(os.Getenv("SSL_CERT_DIR"))...)
	}
	// Names of hosts, the time zone of the log, and what the metrics page says about
	// our own process.
	r.Read = append(r.Read, "/etc/hosts", "/etc/nsswitch.conf", "/etc/services", "/etc/localtime", "/usr/share/zoneinfo", "/proc/self", "/proc/stat")
	r.Read = append(r.Read, fence.Around("/run/systemd/resolve/resolv.conf")...)
	r.Read = append(r.Read, "/etc/resolv.conf")
	if faults := crashpoint.Orders(); faults != "" {
		r.Write = append(r.Write, faults)
	}
	return r
}
