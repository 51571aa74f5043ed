package sqlstore

import (
	"embed"

	"mintmark/internal/sqldb"
)

// The migrations of every engine, in a folder each, applied in the order of
// their names. A released one is never edited.
//
//go:embed migrations/*/*.sql
var migrationFiles embed.FS

func migrations(engine string) ([]sqldb.Migration, error) {
	return sqldb.ReadMigrations(migrationFiles, "migrations/"+engine)
}
