package sqlstore_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mintmark/internal/sqldb"
)

// statements reads every sqldb.Stmt of the package from its source, so that none
// can be forgotten here, but for those of one file.
func statements(t *testing.T, butOf string) map[string]string {
	t.Helper()
	files := token.NewFileSet()
	consts, found := map[string]string{}, map[string]string{}
	var parsed []*ast.File
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, f)
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
				if lit, ok := spec.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
					consts[spec.Names[0].Name], _ = strconv.Unquote(lit.Value)
				}
			}
			return true
		})
	}
	for _, f := range parsed {
		if files.Position(f.Pos()).Filename == butOf {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			if sel, ok := lit.Type.(*ast.SelectorExpr); !ok || sel.Sel.Name != "Stmt" {
				return true
			}
			fields := map[string]string{}
			for _, e := range lit.Elts {
				kv := e.(*ast.KeyValueExpr)
				fields[kv.Key.(*ast.Ident).Name] = text(t, kv.Value, consts)
			}
			if found[fields["Name"]] != "" {
				t.Errorf("two statements are called %s", fields["Name"])
			}
			found[fields["Name"]] = fields["SQL"]
			return true
		})
	}
	if len(found) < 40 {
		t.Fatalf("found only %d statements", len(found))
	}
	return found
}

// text evaluates a constant string expression.
func text(t *testing.T, e ast.Expr, consts map[string]string) string {
	t.Helper()
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		if err != nil {
			t.Fatal(err)
		}
		return s
	case *ast.Ident:
		return consts[e.Name]
	case *ast.BinaryExpr:
		return text(t, e.X, consts) + text(t, e.Y, consts)
	}
	t.Fatalf("a statement is no constant: %T", e)
	return ""
}

func TestEveryStatementProbesAnIndex(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mint.db")
	s := open(t, path) // makes the schema
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sqldb.Open(t.Context(), sqldb.Config{Path: path, Migrations: migrationsOf(t, "sqlite")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	// These read whole tables: because they are small for ever, or because an
	// operator asked to have everything counted again.
	whole := map[string]string{
		"sagas.list":           "unfinished sagas",
		"keysets.list":         "one row for each keyset",
		"keyset_ids.list":      "one row for each keyset",
		"keyset_totals.list":   "a few rows for each keyset",
		"payments_aside.list":  "bounded, and empty if all is well",
		"payments_aside.count": "bounded, and empty if all is well",
		"decisions.list":       "an operator asked for the latest",
		"outputs.recount":      "counts everything",
		"proofs.recount":       "counts everything",
	}
	// These are no tables: the list of keys, and the row of a bare SELECT.
	harmless := regexp.MustCompile(`^(SCAN json_each VIRTUAL TABLE INDEX 1:|SCAN CONSTANT ROW)$`)
	placeholder := regexp.MustCompile(`\$(\d+)`)
	for name, sql := range statements(t, "postgres.go") {
		args := 0
		for _, m := range placeholder.FindAllStringSubmatch(sql, -1) {
			n, _ := strconv.Atoi(m[1])
			args = max(args, n)
		}
		plan := 0
		err := db.Read(t.Context(), func(tx sqldb.Tx) error {
			explain := sqldb.Stmt{Name: "explain." + name, SQL: "EXPLAIN QUERY PLAN " + sql}
			return tx.Query(t.Context(), explain, func(scan sqldb.Scan) error {
				var detail string
				if err := scan(nil, nil, nil, &detail); err != nil {
					return err
				}
				plan++
				slow := strings.HasPrefix(detail, "SCAN") || strings.Contains(detail, "TEMP B-TREE") || strings.Contains(detail, "AUTOMATIC")
				if slow && whole[name] == "" && !harmless.MatchString(detail) {
					t.Errorf("%s: %s", name, detail)
				}
				return nil
			}, make([]any, args)...)
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if plan == 0 && !strings.Contains(sql, "INSERT") && !strings.Contains(sql, "DELETE FROM keysets") {
			t.Errorf("%s has no plan", name)
		}
	}
}

// migrationsOf lists the names of the migrations, which is all that is needed of
// applied ones.
func migrationsOf(t *testing.T, engine string) (list []sqldb.Migration) {
	t.Helper()
	names, err := filepath.Glob("migrations/" + engine + "/*.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d migrations, %v", len(names), err)
	}
	for _, name := range names {
		list = append(list, sqldb.Migration{Name: strings.TrimSuffix(filepath.Base(name), ".sql")})
	}
	return list
}
