package main

import (
	"context"
	"log/slog"

	"github.com/google/uuid"

	"mintmark/mint/sqlstore"
)

// openStore opens the mint's database under a name of this process's own, which
// the mint must carry too.
func openStore(ctx context.Context, cfg Config, log *slog.Logger) (store *sqlstore.Store, owner string, err error) {
	owner = uuid.NewString()
	store, err = sqlstore.Open(ctx, sqlstore.Config{Path: cfg.databasePath(), Owner: owner, Logger: log})
	return store, owner, err
}
