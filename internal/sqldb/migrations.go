package sqldb

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// ReadMigrations reads the migrations of a folder: one for each file, named like
// it without ".sql", in the order of the names. They are numbered from 0001 on without
// a gap, so that two that were written at the same time cannot both be the next.
func ReadMigrations(files fs.ReadDirFS, folder string) ([]Migration, error) {
	entries, err := files.ReadDir(folder) // sorted by name
	if err != nil {
		return nil, fmt.Errorf("migrations in %s: %w", folder, err)
	}
	steps := make([]Migration, 0, len(entries))
	for i, entry := range entries {
		if !strings.HasPrefix(entry.Name(), fmt.Sprintf("%04d_", i+1)) {
			return nil, fmt.Errorf("migrations in %s: %s is not number %d", folder, entry.Name(), i+1)
		}
		sql, err := fs.ReadFile(files, path.Join(folder, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("migrations in %s: %w", folder, err)
		}
		steps = append(steps, Migration{Name: strings.TrimSuffix(entry.Name(), ".sql"), SQL: string(sql)})
	}
	return steps, nil
}
