package keystore

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"mintmark/internal/durable"
	"mintmark/internal/sqldb"
)

// copied is a table that goes from one engine to another. A backup is the same
// SQLite file whatever it is made of, so it can be read, verified and restored
// without a server, and to either engine. A test compares the list with the schema.
type copied struct {
	table   string
	columns string // name:type …, types: i number, t text, b binary
}

func copiedTables() []copied {
	return []copied{
		{"keystore", "one:i identity:b epoch:i index_floor:i"},
		{"keysets", "epoch:i id:b contents:b unit:t unit_index:i idx:i id_version:i active:i fee_ppk:i amounts:t final_expiry:i created:i issuer:t activated:i retired:i activate_at:i keep_others:i"},
		{"audit", "seq:i at:i kind:t client:t detail:t prev:b hash:b seal:b"},
		{"audit_head", "one:i seq:i hash:b"},
		{"budgets", "client:t unit:t keyset:b bucket:i value:i count:i"},
		{"freezes", "unit:t since:i client:t"},
		{"signed", "keyset:b signatures:i"},
	}
}

// each goes through the columns in their order.
func (c copied) each(do func(n int, name, kind string)) {
	for n, field := range strings.Fields(c.columns) {
		name, kind, _ := strings.Cut(field, ":")
		do(n, name, kind)
	}
}

func (c copied) statements() (read, add sqldb.Stmt) {
	var names, places []string
	c.each(func(n int, name, _ string) {
		names, places = append(names, name), append(places, fmt.Sprintf("$%d", n+1))
	})
	list := strings.Join(names, ", ")
	return sqldb.Stmt{Name: c.table + ".copy", SQL: "SELECT " + list + " FROM " + c.table},
		sqldb.Stmt{Name: c.table + ".paste", SQL: "INSERT INTO " + c.table + " (" + list + ") VALUES (" + strings.Join(places, ", ") + ")"}
}

// readTables reads all that a keystore holds. It is small: a keystore grows with
// rotations and audit records, not with signatures.
func readTables(ctx context.Context, tx sqldb.Tx) (map[string][][]any, error) {
	content := map[string][][]any{}
	for _, c := range copiedTables() {
		read, _ := c.statements()
		err := tx.Query(ctx, read, func(scan sqldb.Scan) error {
			var dest, row []any
			c.each(func(_ int, _, kind string) {
				switch kind {
				case "i":
					dest = append(dest, new(int64))
				case "t":
					dest = append(dest, new(string))
				case "b":
					dest = append(dest, new([]byte))
				}
			})
			if err := scan(dest...); err != nil {
				return err
			}
			for _, d := range dest {
				switch d := d.(type) {
				case *int64:
					row = append(row, *d)
				case *string:
					row = append(row, *d)
				case *[]byte:
					row = append(row, *d)
				}
			}
			content[c.table] = append(content[c.table], row)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("copying the table %s: %w", c.table, err)
		}
	}
	return content, nil
}

// writeTables fills an empty keystore.
func writeTables(ctx context.Context, tx sqldb.Tx, content map[string][][]any) error {
	for _, c := range copiedTables() {
		_, add := c.statements()
		for _, row := range content[c.table] {
			if _, err := tx.Exec(ctx, add, row...); err != nil {
				return fmt.Errorf("filling the table %s: %w", c.table, err)
			}
		}
	}
	return nil
}

// exportTo copies a keystore on a server into a new SQLite file, in one snapshot.
func (p Place) exportTo(ctx context.Context, path string) error {
	var content map[string][][]any
	err := p.look(ctx, func(tx sqldb.Tx) (err error) {
		if _, err = readCurrentRows(ctx, tx); err != nil {
			return err
		}
		content, err = readTables(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	db, err := sqldb.Open(ctx, At(path).config(nil))
	if err != nil {
		return err
	}
	err = db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error { return writeTables(ctx, tx, content) })
	return errors.Join(err, db.Close(), durable.SyncDir(filepath.Dir(path)))
}
