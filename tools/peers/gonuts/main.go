// Command gonuts runs the mint of github.com/elnosh/gonuts at the version that
// go.mod pins, with play money, to be measured beside ours.
//
// It is that mint as it is, on its SQLite store, with three things arranged so
// that the comparison is fair and safe. Its log is off, because it writes a line
// to a file for every request. Its invoices are paid at once by a backend of our
// own: the one that comes with it keeps them in a slice without a lock, which
// loses invoices under load and searches them one by one. And it listens on the
// loopback address only; by itself it would listen on all.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"reflect"
	"strconv"
	"syscall"
	"unsafe"

	"github.com/elnosh/gonuts/mint"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "gonuts: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	port := flag.Int("port", 3339, "port of 127.0.0.1 to listen on")
	data := flag.String("data", "", "directory of the mint's database (required)")
	index := flag.Uint("index", 0, "index of the keyset; another one than last time rotates")
	pays := flag.Bool("pays", false, "pay invoices, with play money")
	fee := flag.Uint("fee", 0, "input fee in thousandths of a satoshi")
	flag.Parse()
	if *data == "" || flag.NArg() > 0 {
		flag.Usage()
		return errors.New("say -data, and nothing but flags")
	}
	server, err := mint.SetupMintServer(mint.Config{
		Port: *port, MintPath: *data, InputFeePpk: *fee, LogLevel: mint.Disable,
		MintInfo: mint.MintInfo{Name: "gonuts"}, LightningClient: newBackend(*pays),
		DerivationPathIdx: uint32(*index),
	})
	if err != nil {
		return fmt.Errorf("setting up the mint: %w", err)
	}
	if err := keepLocal(server, *port); err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-stop
		server.Shutdown()
	}()
	return server.Start()
}

// keepLocal changes the address that the mint will listen on. Its server has no
// setting for it and keeps the field to itself.
func keepLocal(server *mint.MintServer, port int) error {
	field := reflect.ValueOf(server).Elem().FieldByName("httpServer")
	if field.Type() != reflect.TypeFor[*http.Server]() {
		return errors.New("this gonuts keeps its HTTP server elsewhere")
	}
	(*http.Server)(unsafe.Pointer(field.Pointer())).Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	return nil
}
