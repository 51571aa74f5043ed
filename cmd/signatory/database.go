package main

import (
	"errors"

	"github.com/spf13/cobra"

	"mintmark/internal/commandline"
	"mintmark/internal/sqldb"
	"mintmark/keystore"
)

// databaseFlags say where the keystore is, if it is not in the data directory.
type databaseFlags struct{ url, passwordFile string }

func (f *databaseFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.url, "database", "", "`URL` postgres://USER@HOST/DATABASE of the keystore, which several signatories may share (default DIR/keystore.db)")
	cmd.Flags().StringVar(&f.passwordFile, "database-password-file", "", "`file` of the password for --database, mode 0600")
}

// place is where the keystore is.
func (f *databaseFlags) place(cmd *cobra.Command, dir dataDir) (keystore.Place, error) {
	at := keystore.Place{Path: f.url, PasswordFile: f.passwordFile}
	switch {
	case f.url == "" && f.passwordFile != "":
		return at, commandline.Usagef(cmd, "--database-password-file is only for --database")
	case f.url == "":
		return keystore.At(dir.database()), nil
	case !at.Shared():
		return at, commandline.Usagef(cmd, "--database is not postgres://USER@HOST/DATABASE")
	}
	if err := sqldb.CheckServer(f.url); err != nil {
		return at, commandline.Usagef(cmd, "--database: %w", err)
	}
	return at, nil
}

// hintDatabase is for what can be wrong with a database on a server.
func hintDatabase(err error) error {
	switch {
	case errors.Is(err, keystore.ErrInUse):
		return commandline.Hint(err, "a second signatory needs no init: give it a copy of the seed file, and run serve with the same --database. "+
			"What an init that was killed has left behind is a schema to drop, if you know that nobody has used it")
	case errors.Is(err, sqldb.ErrUnavailable), errors.Is(err, sqldb.ErrTimeout):
		return commandline.Hint(err, "see that the server runs and can be reached from here")
	case errors.Is(err, sqldb.ErrAccess):
		return commandline.Hint(err, "check user, password and database; the user needs a schema in which it may make tables")
	case errors.Is(err, sqldb.ErrTLS):
		return commandline.Hint(err, "the server needs a certificate for its name; sslrootcert in the URL names the authority")
	}
	return err
}
