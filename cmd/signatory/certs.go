package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"mintmark/internal/commandline"
	"mintmark/internal/tlsdir"
)

func (p program) certsCommand() *cobra.Command {
	var (
		out    string
		hosts  []string
		client string
	)
	cmd := &cobra.Command{
		Use:   "certs --out DIR [--host NAME,…]",
		Short: "Make the certificates with which mint and signatory know each other",
		Long: `certs makes what a signatory on HOST:PORT and its mint need to trust each other
and nobody else, in one directory:

  ca.pem, ca.key          an authority of your own, which signs the others
  server.pem, server.key  for the signatory
  client.pem, client.key  for the mint (and for "signatory keysets")

Copy ca.pem, server.pem and server.key to the signatory, and ca.pem, client.pem
and client.key to the mint. Keep ca.key off both machines: whoever has it can
make a certificate and sign as the mint.

Files that exist are kept. To renew a certificate, remove its two files and run
certs again with the same authority. Mints made with CDK accept them too.`,
		Example: `  signatory certs --out tls --host signer.example,10.0.0.2`,
		Args:    commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return commandline.Usagef(cmd, "--out is missing: the directory to write to")
			}
			p.harden()
			written, err := tlsdir.Generate(tlsdir.Request{Dir: out, Hosts: hosts, ClientName: client, Clock: p.clock})
			for _, path := range written {
				fmt.Fprintln(p.stdout, "made", path)
			}
			if err == nil && len(written) == 0 {
				fmt.Fprintf(p.stdout, "%s is complete: nothing was made\n", out)
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&out, "out", "", "`directory` to write to, made if it is missing (required)")
	flags.StringSliceVar(&hosts, "host", nil, "`names` and IP addresses by which the mint reaches the signatory (default localhost,127.0.0.1,::1)")
	flags.StringVar(&client, "client-name", "mint", "`name` in the client's certificate")
	return cmd
}
