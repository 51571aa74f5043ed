package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"mintmark/internal/commandline"
	"mintmark/internal/harden"
	"mintmark/internal/metricspage"
	"mintmark/internal/release"
	"mintmark/internal/sdnotify"
	"mintmark/internal/seedfile"
	"mintmark/internal/sqldb"
	"mintmark/keystore"
	"mintmark/signatory/metrics"
	"mintmark/signatory/server"
)

type serveFlags struct {
	data          string
	listen        string
	tls           string
	insecure      bool
	clients       string
	rotation      string
	admin         string
	adminMode     string
	checkOutput   string
	socketMode    string
	drain         time.Duration
	exitWithStdin bool
	unseal        unsealFlags
	seedCred      string
	database      databaseFlags
	place         keystore.Place
	lockMemory    bool
	landlock      landlockFlag
	locked        bool
	metrics       string
	log           logFlags
}

func (p program) serveCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve --data DIR [--listen unix:PATH|HOST:PORT]",
		Short: "Sign for a mint, until stopped",
		Long: `serve opens the seed and the keystore in the data directory, derives every key
and checks it against the keystore, and then signs and verifies for the mint that
is connected.

On a unix socket, whoever may open the socket may sign: its mode is 0600 unless
--socket-mode says otherwise, so the mint must run as the same user or group. On
HOST:PORT both sides show certificates (TLS 1.3): see "signatory certs".

--clients names a file that says who may do what: see
deploy/signatory-clients.example.toml and "signatory check-config". Without it,
whoever gets in may sign and rotate, which is for trying out.

A sealed seed needs its passphrase, from --passphrase-file, --passphrase-fd,
--passphrase-credential or the terminal, or the age identity that it was sealed
for. systemd can keep either as an encrypted credential, or the seed itself.
serve never makes a seed: that is what "signatory init" does.

With --locked it starts without the seed: it signs nothing, and says so, until
"signatory admin unlock" brings the passphrase or the identity over the admin
socket. "signatory admin lock" takes the keys out of memory again.

SIGHUP has the certificates, the clients file, with budgets and log level in it, and the
rotation file read again. If anything in them is wrong, all stays as it was, and the log and the
audit log say so. Everything else needs a restart.

SIGTERM or Ctrl-C ends it: calls under way may finish, for --drain-timeout at
most. A second one ends it at once.

A program that starts serve as its child gives it a pipe as standard input and
sets --exit-with-stdin: when the parent dies, however it dies, the kernel closes
the pipe and serve ends as with SIGTERM.`,
		Example: `  signatory serve --data /var/lib/signatory --listen unix:/run/signatory/s.sock
  signatory serve --data DIR --listen 10.0.0.2:15060 --tls /etc/signatory/tls --passphrase-file /run/secrets/pass
  signatory serve --data DIR --database postgres://signatory@db.example/signatory --database-password-file FILE ...`,
		Args: commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.serve(cmd, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", "", "data `directory`, made by init (required)")
	flags.StringVar(&f.listen, "listen", "", "`address` to listen on: unix:PATH or HOST:PORT (default unix:DIR/signatory.sock)")
	flags.StringVar(&f.tls, "tls", "", "`directory` of ca.pem, server.pem and server.key, for HOST:PORT")
	flags.BoolVar(&f.insecure, "insecure", false, "allow HOST:PORT without TLS, on a loopback address only: every process of this machine can then sign")
	flags.StringVar(&f.clients, "clients", "", "TOML `file` of who may do what (default: whoever gets in may sign and rotate)")
	flags.StringVar(&f.rotation, "rotation", "", "TOML `file` of units that get new keysets by themselves (default: none does)")
	flags.StringVar(&f.admin, "admin", "", "admin `socket`: unix:PATH, or none (default unix:DIR/admin.sock)")
	flags.StringVar(&f.adminMode, "admin-mode", "0600", "`mode` of the admin socket, octal; 0660 lets the group in, as far as the clients file names them")
	flags.StringVar(&f.checkOutput, "check-output", "sample", "how many signatures are verified before they leave: `sample` (some of them, at a bounded price) or every (signing takes twice as long)")
	flags.StringVar(&f.socketMode, "socket-mode", "0600", "`mode` of the unix socket, octal; 0660 lets the group in")
	flags.DurationVar(&f.drain, "drain-timeout", 10*time.Second, "how long calls under way may take at the end")
	flags.BoolVar(&f.exitWithStdin, "exit-with-stdin", false, "end when standard input ends: for a parent process that holds the other end")
	f.unseal.add(flags)
	f.database.add(cmd)
	flags.BoolVar(&f.lockMemory, "lock-memory", false, "keep all memory out of swap; needs LimitMEMLOCK=infinity, and the log says whether it worked")
	flags.StringVar(&f.seedCred, "seed-credential", "", "take the seed itself from the systemd credential with this `name`, not from DIR/seed")
	flags.StringVar(&f.metrics, "metrics", "", "serve a page for Prometheus at this `address`, for the operator's network only (default nowhere)")
	flags.BoolVar(&f.locked, "locked", false, "start without the seed, until \"signatory admin unlock\"")
	f.landlock.add(flags)
	f.log.add(flags)
	return cmd
}

func (p program) serve(cmd *cobra.Command, f serveFlags) error {
	modes, err := p.checkServe(cmd, &f)
	if err != nil {
		return err
	}
	log, level, err := f.log.logger(p.stderr)
	if err != nil {
		return commandline.Usage(cmd, err)
	}
	var clients *server.Clients
	if f.clients != "" {
		if clients, err = server.ReadClients(f.clients); err != nil {
			return commandline.Hint(err, "signatory check-config --clients %s --show", f.clients)
		}
		f.log.apply(level, clients)
	}
	var policies server.Policies
	if f.rotation != "" {
		if policies, err = server.ReadRotation(f.rotation); err != nil {
			return commandline.Hint(err, "signatory check-config --rotation %s --show", f.rotation)
		}
	}
	hardening := p.harden()
	if f.lockMemory {
		harden.LockMemory(&hardening)
	}
	manager, err := sdnotify.Open()
	if err != nil {
		log.Warn("the service manager will hear nothing", "error", err)
	}
	defer manager.Close()
	fenced, err := p.fenceIn(f.landlock, f.rules(), log)
	log.Info("signatory starts", "version", release.Number, "revision", release.Revision(), "hardening", hardening, "landlock", fenced)
	if err != nil {
		return err
	}

	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	if f.exitWithStdin {
		go endWithStdin(p.stdin, cancel, log)
	}
	keys := opening{p, f, log}
	ks, err := keys.atStart(ctx)
	if err != nil {
		return err
	}
	counts := metrics.New()
	srv, err := server.New(server.Config{
		Meter:    counts,
		Keystore: ks, Open: keys.atUnlock, Listen: f.listen, SocketMode: modes.mints, TLSDir: f.tls, Insecure: f.insecure, Clients: clients,
		AdminListen: adminListen(f, log), AdminMode: modes.admin, Rotation: policies, OutputCheck: outputChecks()[f.checkOutput],
		DrainTimeout: f.drain, Logger: log, Clock: p.clock,
		Ready: func(net.Addr) { manager.Ready(statusLine(f.locked)) }, Locked: func(locked bool) { manager.Status(statusLine(locked)) },
	})
	if err != nil {
		if ks != nil {
			err = errors.Join(err, ks.Close())
		}
		return err
	}
	counts.Watch(srv, nextSteps(srv))
	page, err := metricspage.Serve(ctx, f.metrics, counts.Handler(), log)
	if err != nil {
		if ks != nil {
			err = errors.Join(err, ks.Close())
		}
		return err
	}
	defer page.Close()
	defer context.AfterFunc(ctx, manager.Stopping)()
	go manager.Watch(ctx, srv.Alive)
	go reloading{f, level, srv, manager}.run(ctx, p.hangups())
	if err := srv.Serve(ctx); err != nil {
		return err
	}
	log.Info("signatory has ended")
	return nil
}

// statusLine is what the service manager shows.
func statusLine(locked bool) string {
	if locked {
		return "locked: waits for signatory admin unlock"
	}
	return "signing"
}

// socketModes are those of the two sockets.
type socketModes struct{ mints, admin fs.FileMode }

func (p program) checkServe(cmd *cobra.Command, f *serveFlags) (modes socketModes, err error) {
	if f.data == "" {
		return modes, commandline.Usagef(cmd, "--data is missing: the directory that init has made")
	}
	if f.listen == "" {
		f.listen = "unix:" + dataDir(f.data).socket()
	}
	if err := f.unseal.check(cmd); err != nil {
		return modes, err
	}
	if f.place, err = f.database.place(cmd, dataDir(f.data)); err != nil {
		return modes, err
	}
	if f.exitWithStdin && f.unseal.passphrase.fd == 0 {
		return modes, commandline.Usagef(cmd, "--exit-with-stdin and --passphrase-fd 0 exclude each other")
	}
	if f.locked && f.admin == "none" {
		return modes, commandline.Usagef(cmd, "--locked needs an admin socket: nobody could unlock it")
	}
	if f.drain <= 0 {
		return modes, commandline.Usagef(cmd, "--drain-timeout must be longer than nothing")
	}
	if err := f.landlock.check(cmd); err != nil {
		return modes, err
	}
	if _, ok := outputChecks()[f.checkOutput]; !ok {
		return modes, commandline.Usagef(cmd, "--check-output %s is neither sample nor every", f.checkOutput)
	}
	if modes.mints, err = parseMode(f.socketMode); err != nil {
		return modes, commandline.Usagef(cmd, "--socket-mode %s", err)
	}
	if modes.admin, err = parseMode(f.adminMode); err != nil {
		return modes, commandline.Usagef(cmd, "--admin-mode %s", err)
	}
	return modes, nil
}

func outputChecks() map[string]server.OutputCheck {
	return map[string]server.OutputCheck{"sample": server.CheckSample, "every": server.CheckEvery}
}

func parseMode(text string) (fs.FileMode, error) {
	mode, err := strconv.ParseUint(text, 8, 32)
	if err != nil || mode == 0 || mode > 0o777 {
		return 0, fmt.Errorf("%s is not an octal mode like 0660", text)
	}
	return fs.FileMode(mode), nil
}

// maxAdminDir is the longest data directory in which a socket can be made.
const maxAdminDir = 88

// adminListen is where the admin socket is to be. A signatory that nobody has told
// about it must not fail because its directory has a long name.
func adminListen(f serveFlags, log *slog.Logger) string {
	switch {
	case f.admin == "none":
		return ""
	case f.admin != "":
		return f.admin
	case len(f.data) > maxAdminDir:
		log.Warn("there is no admin socket: the path of the data directory is too long for one; say --admin unix:PATH", "data", f.data)
		return ""
	}
	return "unix:" + dataDir(f.data).adminSocket()
}

func hintSeed(err error, dir dataDir) error {
	switch {
	case errors.Is(err, seedfile.ErrMissing):
		return commandline.Hint(err, "signatory init --data %s makes one", dir)
	case errors.Is(err, seedfile.ErrExposed):
		return commandline.Hint(err, "chmod 600 %s, and ask yourself who has read it until now", dir.seed())
	case errors.Is(err, seedfile.ErrNoIdentity):
		return commandline.Hint(err, "give the identity with --identity-file or --identity-credential")
	case errors.Is(err, seedfile.ErrFormat):
		return commandline.Hint(err, "put the right file back, or write the words of your seed into it")
	}
	return err
}

func hintKeystore(err error, dir dataDir, at keystore.Place) error {
	switch {
	case errors.Is(err, keystore.ErrNoDatabase) && at.Shared():
		return commandline.Hint(err, "check the URL; if it is right, restore the backup: without it, new keysets would use old keys again")
	case errors.Is(err, keystore.ErrNoDatabase):
		return commandline.Hint(err, "put it back from the backup: without it, new keysets would use old keys again")
	case errors.Is(err, keystore.ErrMismatch):
		return commandline.Hint(err, "check that %s is the seed of this keystore; if it is, restore %s from the backup", dir.seed(), at)
	case errors.Is(err, sqldb.ErrInUse):
		return commandline.Hint(err, "another signatory is running on %s: stop it first", dir)
	}
	return hintDatabase(err)
}

// endWithStdin waits for the end of the standard input. What comes before is not
// for us.
func endWithStdin(stdin io.Reader, end context.CancelFunc, log *slog.Logger) {
	if _, err := io.Copy(io.Discard, stdin); err != nil {
		log.Warn("standard input cannot be read", "error", err)
	} else {
		log.Info("standard input has ended")
	}
	end()
}
