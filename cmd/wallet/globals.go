package main

import (
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"
)

// globals are the flags that every command has.
type globals struct {
	dataDir      string
	name         string
	database     string
	passwordFile string
	unit         string
	mint         string
	op           string
	timeout      time.Duration
	json         bool
	yes          bool
	offline      bool
	proxy        string
	passphrase   passphraseFlags
}

func (g *globals) add(flags *pflag.FlagSet) {
	flags.StringVar(&g.dataDir, "data-dir", defaultDataDir(), "`directory` of all wallets")
	flags.StringVar(&g.name, "wallet", "default", "`name` of the wallet")
	flags.StringVar(&g.database, "database", "", "`URL` postgres://USER@HOST/DATABASE that holds this one wallet (default a file in its directory)")
	flags.StringVar(&g.passwordFile, "database-password-file", "", "`file` of the password for --database, mode 0600")
	flags.StringVar(&g.unit, "unit", "", "`unit` of money (default sat)")
	flags.StringVar(&g.mint, "mint", "", "`URL` or name of the mint")
	flags.StringVar(&g.op, "op", "", "your own `name` of this operation: the same again does not happen twice")
	flags.DurationVar(&g.timeout, "timeout", 0, "give up waiting after this `time`; what is under way is found again later")
	flags.BoolVar(&g.json, "json", false, "print JSON, one value a line; amounts are in the smallest unit")
	flags.BoolVarP(&g.yes, "yes", "y", false, "answer every question with yes")
	flags.BoolVar(&g.offline, "offline", false, "use no network")
	flags.StringVar(&g.proxy, "proxy", "", "`URL` of a proxy for everything, socks5://127.0.0.1:9050 is Tor (default $ALL_PROXY)")
	g.passphrase.add(flags)
}

// defaultDataDir is where programs keep what a user must not lose.
func defaultDataDir() string {
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "mintmark", "wallets")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".local", "share", "mintmark", "wallets")
}
