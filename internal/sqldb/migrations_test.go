package sqldb_test

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"mintmark/internal/sqldb"
)

func TestMigrationsAreNumberedWithoutGapsOrTwins(t *testing.T) {
	t.Parallel()
	folder := func(names ...string) fs.ReadDirFS {
		files := fstest.MapFS{}
		for _, name := range names {
			files["m/"+name] = &fstest.MapFile{Data: []byte("SELECT 1")}
		}
		return files
	}
	steps, err := sqldb.ReadMigrations(folder("0002_b.sql", "0001_a.sql"), "m")
	if err != nil || len(steps) != 2 || steps[0].Name != "0001_a" || steps[1].Name != "0002_b" {
		t.Errorf("%v, %v", steps, err)
	}
	for _, names := range [][]string{{"0001_a.sql", "0001_b.sql"}, {"0001_a.sql", "0003_b.sql"}, {"0002_a.sql"}, {"a.sql"}} {
		if steps, err := sqldb.ReadMigrations(folder(names...), "m"); err == nil {
			t.Errorf("%v were read as %v", names, steps)
		}
	}
}
