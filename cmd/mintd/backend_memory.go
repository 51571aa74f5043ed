package main

import (
	"fmt"
	"path/filepath"

	"mintmark/internal/sqldb"
)

// memory is where a backend remembers payments. Two mintd with a memory each would not
// know of each other's payments, and make them again.
func (cfg Config) memory(b named, place string) (string, error) {
	switch {
	case place != "":
		return place, nil
	case sqldb.IsServer(cfg.databasePath()):
		return "", fmt.Errorf("several mintd may share the mint's database, so they must share what they remember of payments: say "+
			"%s.%s.database, another database or another schema on the server", b.key, b.Type)
	}
	return filepath.Join(cfg.Data, b.memoryFile()), nil
}

// memoryFile is the file in which a backend remembers payments. The only backend is called
// by its type; it keeps its file when it becomes one of several under that name, for what
// it has begun must not be begun again.
func (b named) memoryFile() string {
	if b.name == b.Type {
		return b.Type + ".db"
	}
	return b.Type + "-" + b.name + ".db"
}

// passwordFile is that of the mint's database, for another one on a server.
func passwordFile(cfg Config, database string) string {
	if sqldb.IsServer(database) {
		return cfg.DatabasePasswordFile
	}
	return ""
}
