package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"mintmark/internal/sqldb"
	"mintmark/mint/sqlstore"
)

// openStore opens the mint's database under a name of this process's own, which
// the mint must carry too. observe, unless nil, is told of every statement.
func openStore(ctx context.Context, cfg Config, log *slog.Logger, observe func(stmt string, took time.Duration, err error)) (store *sqlstore.Store, owner string, err error) {
	owner = uuid.NewString()
	store, err = sqlstore.Open(ctx, sqlstore.Config{
		Path:     cfg.databasePath(),
		Postgres: sqldb.Postgres{PasswordFile: cfg.DatabasePasswordFile},
		Owner:    owner,
		Logger:   log,
		Observe:  observe,
	})
	return store, owner, err
}
