package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"mintmark/internal/commandline"
	"mintmark/signatory"
)

// connectFlags say how to reach a running signatory.
type connectFlags struct {
	address  string
	tls      string
	insecure bool
}

func (p program) keysetsCommand() *cobra.Command {
	var f connectFlags
	cmd := &cobra.Command{
		Use:   "keysets",
		Short: "List and rotate the keysets of a running signatory",
		Long: `A keyset is a set of keys, one for each denomination, for one unit, with one fee.
One keyset of each unit is active: new coins are made with it. Rotating makes a
new one, and the one before becomes inactive: its coins stay good, and wallets
exchange them in passing.`,
	}
	flags := cmd.PersistentFlags()
	flags.StringVar(&f.address, "connect", "", "`address` of the signatory: unix:PATH or HOST:PORT (required)")
	flags.StringVar(&f.tls, "tls", "", "`directory` of ca.pem, client.pem and client.key, for HOST:PORT")
	flags.BoolVar(&f.insecure, "insecure", false, "HOST:PORT without TLS, on a loopback address only")
	return commandline.Group(cmd, p.listCommand(&f), p.rotateCommand(&f))
}

// dial makes a client. What is wrong with the flags is a usage error; whether
// anybody is there shows with the first call.
func (f *connectFlags) dial(cmd *cobra.Command) (*signatory.Client, error) {
	if f.address == "" {
		return nil, commandline.Usagef(cmd, "--connect is missing: the address that serve listens on, for example unix:DIR/signatory.sock")
	}
	client, err := signatory.Dial(signatory.ClientConfig{Address: f.address, TLSDir: f.tls, Insecure: f.insecure})
	if err != nil {
		return nil, commandline.Usage(cmd, err)
	}
	return client, nil
}

// hintCall adds what usually helps.
func (f *connectFlags) hintCall(err error) error {
	if errors.Is(err, signatory.ErrUnavailable) {
		return commandline.Hint(fmt.Errorf("%s: %w", f.address, err), "is \"signatory serve\" running there, and may you use its socket or certificate?")
	}
	return err
}
