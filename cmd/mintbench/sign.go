package main

import (
	"time"

	"github.com/spf13/cobra"

	"mintmark/internal/bench"
)

func signCommand() *cobra.Command {
	var (
		load loadFlags
		sign bench.SignConfig
	)
	cmd := &cobra.Command{
		Use:   "sign",
		Short: "Have a signatory sign blinded messages, or verify coins, over gRPC",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return load.measure(cmd, func(l bench.Load) (bench.Report, error) {
				return bench.Sign(cmd.Context(), l, sign)
			})
		},
	}
	load.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&sign.Connect, "connect", "", "the signatory: unix:PATH or HOST:PORT")
	flags.StringVar(&sign.TLSDir, "tls", "", "the folder with ca.pem, client.pem and client.key")
	flags.BoolVar(&sign.Insecure, "insecure", false, "TCP without TLS, to a loopback address only")
	flags.StringVar(&sign.Unit, "unit", "sat", "the unit of the keyset to use")
	flags.IntVar(&sign.Messages, "messages", 2, "messages, or coins, of each call")
	flags.BoolVar(&sign.Verify, "verify", false, "verify coins instead of signing messages")
	flags.DurationVar(&sign.Timeout, "timeout", 30*time.Second, "how long to wait for one answer")
	flags.BoolVar(&sign.AllowRemote, "allow-remote", false, "allow a signatory that is not on this machine; it must be yours")
	_ = cmd.MarkFlagRequired("connect") // it is defined above
	return cmd
}
