package sqlstore

import (
	"embed"
	"fmt"
	"path"
	"strings"

	"mintmark/internal/sqldb"
)

// The migrations of every engine, in a folder each, applied in the order of
// their names. A released one is never edited.
//
//go:embed migrations/*/*.sql
var migrationFiles embed.FS

func migrations(engine string) ([]sqldb.Migration, error) {
	folder := path.Join("migrations", engine)
	entries, err := migrationFiles.ReadDir(folder) // sorted by name
	if err != nil {
		return nil, fmt.Errorf("migrations of %s: %w", engine, err)
	}
	steps := make([]sqldb.Migration, 0, len(entries))
	for _, entry := range entries {
		sql, err := migrationFiles.ReadFile(path.Join(folder, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("migrations of %s: %w", engine, err)
		}
		steps = append(steps, sqldb.Migration{Name: strings.TrimSuffix(entry.Name(), ".sql"), SQL: string(sql)})
	}
	return steps, nil
}
