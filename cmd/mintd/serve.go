package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"

	"github.com/spf13/cobra"

	"mintmark/internal/commandline"
	"mintmark/internal/crashpoint"
	"mintmark/internal/metricspage"
	"mintmark/internal/sdnotify"
	"mintmark/mint"
	"mintmark/mint/httpapi"
	"mintmark/mint/metrics"
	"mintmark/mint/tracing"
	"mintmark/signatory"
)

func serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the mint",
		Long: `Run the mint until SIGTERM or Ctrl-C.

Without flags it is a mint to try out, with play money, on this machine only: it
keeps everything below ./mintmark-data and runs the signatory program as its child.

For a real one, run the signatory elsewhere and say where:
  mintd serve --data /var/lib/mintd --signatory signer.example:15060 --signatory-tls /etc/mintd/tls

Everything can be said in a TOML file too (--config); see deploy/mintd.example.toml.`,
		Args: commandline.NoArgs,
	}
	addConfigFlags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := loadConfig(cmd.Flags())
		if err != nil {
			return err
		}
		return serve(cmd.Context(), cfg, cmd.ErrOrStderr())
	}
	return cmd
}

// serve opens everything in order, runs the mint until ctx ends, and closes
// everything in the opposite order.
func serve(ctx context.Context, cfg Config, stderr io.Writer) (err error) {
	log := newLogger(stderr, cfg.Log)
	manager, err := sdnotify.Open() // before there is a child, which is not to speak for us
	if err != nil {
		log.Warn("the service manager will hear nothing", "error", err)
	}
	defer manager.Close()
	closing := func(what string, c io.Closer) {
		if e := c.Close(); e != nil {
			err = errors.Join(err, fmt.Errorf("closing %s: %w", what, e))
		}
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return fmt.Errorf("making the data directory: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("listening for wallets: %w", err)
	}
	defer listener.Close()
	// The signatory's data come before the mint's database: a database without
	// them means that they were lost, and then no new ones must be made.
	keys, err := prepareSignatory(ctx, cfg, stderr)
	if err != nil {
		return err
	}
	counts := metrics.New()
	store, owner, err := openStore(ctx, cfg, log, counts.Statement)
	if err != nil {
		return err
	}
	defer closing("the database", store)
	identity, err := pinnedIdentity(ctx, cfg.Signatory.identity(), store)
	if err != nil {
		return err
	}
	signer, err := keys.start(ctx, identity, log)
	if err != nil {
		return err
	}
	defer closing("the signatory", signer)
	nodes, err := openBackends(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer closing("the payment backends", nodes)
	mc := mintConfig(cfg, store, owner, signer, nodes, log)
	mc.Signer = counts.Signer(mc.Signer)
	routes := httpapi.Config{Logger: log, Observe: counts.Request, Authenticated: counts.Authenticated, Sockets: cfg.Sockets.limits()}
	if cfg.Traces.Endpoint != "" {
		tracer, err := tracing.Open(ctx, tracing.Config{Endpoint: cfg.Traces.Endpoint, Share: cfg.Traces.Share})
		if err != nil {
			return err
		}
		defer closing("the traces", tracer)
		mc.Signer, routes.Trace = tracer.Signer(mc.Signer), tracer.Request
	}
	if bus := store.Bus(); bus != nil {
		mc.Bus = bus
	}
	m, err := mint.New(ctx, mc)
	if err != nil {
		return err
	}
	entrance, err := cfg.gate()
	if err != nil {
		return err
	}
	logins, loginsCloser, err := openLogins(cfg.Auth, log)
	if err != nil {
		return err
	}
	defer closing("the login provider", loginsCloser)
	routes.Mint, routes.Gate, routes.Logins = m, entrance, logins
	handler, err := httpapi.New(routes)
	if err != nil {
		return err
	}
	counts.Watch(m, store)
	counts.WatchLoad(entrance.Load)
	page, err := metricspage.Serve(ctx, cfg.Metrics, counts.Handler(), log)
	if err != nil {
		return err
	}
	defer closing("the metrics page", page)
	defer closing("the operator's socket", serveOperator(ctx, cfg, store, m, log))
	announce(cfg, listener.Addr(), log, stderr)
	manager.Ready("serving wallets")
	defer context.AfterFunc(ctx, manager.Stopping)()
	go manager.Watch(ctx, answersAt(listener.Addr()))
	return runMint(ctx, m, handler, listener, cfg.StopTimeout.std(), log)
}

// mintConfig says to the mint what the configuration says, with what was opened.
func mintConfig(cfg Config, store mint.Store, owner string, signer *signer, nodes backends, log *slog.Logger) mint.Config {
	return mint.Config{
		Store:           store,
		Owner:           owner,
		Signer:          signatory.NewCoalescer(signer, 2*len(cfg.Signatory.addresses())),
		Source:          signer,
		Backends:        nodes,
		Terms:           cfg.Lightning.terms(),
		MixPlayMoney:    cfg.Lightning.PlayMoney,
		Watchdog:        cfg.Watchdog.mint(),
		BackendInterval: cfg.Watchdog.Interval.std(),
		Identity:        cfg.Signatory.identity(),
		Limits:          cfg.Limits.mint(),
		About:           cfg.Info.about(),
		Auth:            cfg.Auth.mint(),
		QuoteTTL:        cfg.Quotes.TTL.std(),
		ReusableTTL:     cfg.Quotes.ReusableTTL.std(),
		QuoteKeep:       cfg.Quotes.Keep.std(),
		MeltQuoteTTL:    cfg.Quotes.MeltTTL.std(),
		PayTimeout:      cfg.Quotes.PayTimeout.std(),
		PollInterval:    cfg.Quotes.PollInterval.std(),
		Clock:           crashpoint.Clock(),
		Logger:          log,
	}
}
