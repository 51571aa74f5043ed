// The example processor is a payment processor to read and to copy: it serves the
// gRPC contract that mintd and CDK's mint speak, with play money. What it promises,
// and where, is in its README.
//
// A real processor keeps everything but outside.go, and has a node in its place.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"

	pb "mintmark/proto/cdk_payment_processor"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		slog.Error("stopped", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var (
		listen  = flag.String("listen", "127.0.0.1:50051", "where the mint calls: HOST:PORT or unix:PATH")
		tlsDir  = flag.String("tls", "", "directory with ca.pem, server.pem and server.key; without it listen on this machine only")
		path    = flag.String("ledger", "processor.ledger", "file of everything that was promised")
		console = flag.String("console", "", "where the world outside is played, HOST:PORT; anybody there can pay")
		world   = outside{}
	)
	flag.StringVar(&world.network, "network", "bc", "chain prefix of invoices")
	flag.DurationVar(&world.delay, "delay", time.Second, "how long a payment out takes")
	flag.DurationVar(&world.autopay, "autopay", 0, "how long after its making an invoice is paid by itself; 0 is never")
	flag.Parse()

	book, err := openLedger(*path)
	if err != nil {
		return err
	}
	defer book.close()
	world.book = book
	p := newProcessor(book, &world)
	world.resume() // orders that were open when the process ended

	listener, err := listenOn(*listen, *tlsDir != "")
	if err != nil {
		return err
	}
	options := []grpc.ServerOption{
		grpc.UnaryInterceptor(checkVersion),
		grpc.StreamInterceptor(checkVersionOfStream),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Minute, PermitWithoutStream: true}),
	}
	if *tlsDir != "" {
		secure, err := loadTLS(*tlsDir)
		if err != nil {
			return err
		}
		options = append(options, grpc.Creds(credentials.NewTLS(secure)))
	}
	server := grpc.NewServer(options...)
	pb.RegisterCdkPaymentProcessorServer(server, p)
	if *console != "" {
		outsideListener, err := net.Listen("tcp", *console)
		if err != nil {
			return err
		}
		slog.Info("the world outside", "console", outsideListener.Addr().String())
		go func() { _ = http.Serve(outsideListener, world.handler()) }()
	}
	slog.Info("processor is ready", "listen", listener.Addr().String())
	go func() {
		<-ctx.Done()
		server.Stop() // whatever is under way is in the ledger
	}()
	return server.Serve(listener)
}

// listenOn refuses to serve the network without TLS.
func listenOn(at string, secure bool) (net.Listener, error) {
	if path, ok := strings.CutPrefix(at, "unix:"); ok {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		return net.Listen("unix", path)
	}
	host, _, err := net.SplitHostPort(at)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); !secure && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%s may be reached from outside, and there is no -tls", at)
	}
	return net.Listen("tcp", at)
}

// loadTLS lets in nobody without a certificate of the authority.
func loadTLS(dir string) (*tls.Config, error) {
	authority, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		return nil, errors.New("ca.pem holds no certificate")
	}
	own, err := tls.LoadX509KeyPair(filepath.Join(dir, "server.pem"), filepath.Join(dir, "server.key"))
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{own},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
	}, nil
}
