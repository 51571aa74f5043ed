package sqlstore_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"mintmark/internal/sqldb"
)

// wholePostgres are the statements that read whole tables: because they are small
// for ever, or because an operator asked to have everything counted again.
var wholePostgres = map[string]string{
	"sagas.list":           "unfinished sagas",
	"keysets.list":         "one row for each keyset",
	"keysets.clear":        "one row for each keyset",
	"keyset_ids.list":      "one row for each keyset",
	"keyset_totals.list":   "a few rows for each keyset",
	"payments_aside.list":  "bounded, and empty if all is well",
	"payments_aside.count": "bounded, and empty if all is well",
	"decisions.list":       "an operator asked for the latest",
	"outputs.recount":      "counts everything",
	"proofs.recount":       "counts everything",
}

// fillTables puts so many rows into the tables that grow, and tells the planner.
const fillTables = `
	INSERT INTO operations (ref, created, kind, inputs, outputs, id, signatures)
		SELECT i, 0, 2, 2, 2, decode(md5(i::text), 'hex'), ''::bytea FROM generate_series(1, 20000) AS i;
	INSERT INTO proofs (operation, amount, created, keyset, y)
		SELECT i / 2, 1, 0, 0, sha256(i::text::bytea) FROM generate_series(1, 40000) AS i;
	INSERT INTO outputs (operation, amount, keyset, position, b)
		SELECT i / 2, 1, 0, i % 2, sha256(i::text::bytea) FROM generate_series(1, 40000) AS i;
	INSERT INTO mint_quotes (amount, amount_paid, amount_issued, pending, expiry, created, paid, issued, updated, polled, id, method, unit, request, lookup_id)
		SELECT 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, sha256(i::text::bytea), 'bolt11', 'sat', sha256(i::text::bytea), sha256(i::text::bytea) FROM generate_series(1, 20000) AS i;
	INSERT INTO mint_quote_payments (quote, amount, at, id)
		SELECT i, 1, 0, sha256(i::text::bytea) FROM generate_series(1, 20000) AS i;
	INSERT INTO melt_quotes (amount, fee_reserve, operation, input_fee, spent, expiry, created, paid, updated, polled, state, id, method, unit, request, lookup_id, terms, proof, change)
		SELECT 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, sha256(i::text::bytea), 'bolt11', 'sat', '', sha256(i::text::bytea), '', '', '' FROM generate_series(1, 20000) AS i;
	INSERT INTO melt_requests (operation, paid, expiry, lookup_id, method)
		SELECT 0, 0, 0, sha256(i::text::bytea), 'bolt11' FROM generate_series(1, 20000) AS i;
	INSERT INTO auth_tokens (keyset, y)
		SELECT i % 3, sha256(i::text::bytea) FROM generate_series(1, 20000) AS i;
	ANALYZE`

// planned explains a statement as the server would run it, without knowing the
// arguments.
func planned(t *testing.T, tx sqldb.Tx, name, sql string) (plan []string) {
	t.Helper()
	prepared := "p_" + strings.NewReplacer(".", "_").Replace(name)
	args := 0
	for _, m := range regexp.MustCompile(`\$(\d+)`).FindAllStringSubmatch(sql, -1) {
		var n int
		_, _ = fmt.Sscan(m[1], &n)
		args = max(args, n)
	}
	call := prepared
	if args > 0 {
		call += "(" + strings.Join(slices.Repeat([]string{"NULL"}, args), ", ") + ")"
	}
	if _, err := tx.Exec(t.Context(), sqldb.Stmt{Name: "prepare." + name, SQL: "PREPARE " + prepared + " AS " + sql}); err != nil {
		t.Errorf("%s: %v", name, err)
		return nil
	}
	err := tx.Query(t.Context(), sqldb.Stmt{Name: "explain." + name, SQL: "EXPLAIN EXECUTE " + call}, func(scan sqldb.Scan) error {
		var line string
		err := scan(&line)
		plan = append(plan, line)
		return err
	})
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	return plan
}

func TestEveryStatementProbesAnIndexOnPostgreSQL(t *testing.T) {
	t.Parallel()
	big := regexp.MustCompile(`on (proofs|outputs|operations|mint_quotes|mint_quote_payments|melt_quotes|melt_requests|auth_tokens)\b`)
	any := regexp.MustCompile(``)
	tests := []struct {
		name    string
		fill    bool
		setting string         // on top of what the program sets
		tables  *regexp.Regexp // that must not be read as a whole
	}{
		{"on an empty database", false, "SET LOCAL jit TO off", any},
		{"on a full database", true, "SET LOCAL jit TO off", any},
		// The program tells the server not to read whole tables. Here the server
		// may, and still finds an index for all that grows.
		{"on a full database, of the server's own will", true, "SET LOCAL enable_seqscan TO on", big},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			url := postgres.Database(t)
			if err := open(t, url).Close(); err != nil { // makes the schema
				t.Fatal(err)
			}
			if test.fill {
				conn, err := pgx.Connect(t.Context(), url)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := conn.PgConn().Exec(t.Context(), fillTables).ReadAll(); err != nil {
					t.Fatal(err)
				}
				_ = conn.Close(t.Context())
			}
			db, err := sqldb.Open(t.Context(), sqldb.Config{Path: url, Migrations: migrationsOf(t, "postgres")})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			for name, sql := range statements(t, "dialect.go") {
				if strings.Contains(sql, "LOCK TABLE") {
					continue
				}
				err := db.Write(t.Context(), sqldb.Deferred, func(tx sqldb.Tx) error {
					if _, err := tx.Exec(t.Context(), sqldb.Stmt{Name: "test.set", SQL: test.setting}); err != nil {
						return err
					}
					plan := planned(t, tx, name, sql)
					if len(plan) == 0 {
						t.Errorf("%s has no plan", name)
					}
					for _, line := range wholeReads(plan) {
						if test.tables.MatchString(line) && wholePostgres[name] == "" {
							t.Errorf("%s:\n%s", name, strings.Join(plan, "\n"))
							break
						}
					}
					return nil
				})
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

// wholeReads picks the lines of a plan that read all of a table or an index: a scan
// without a condition on an index.
func wholeReads(plan []string) (list []string) {
	for i, line := range plan {
		if strings.Contains(line, "Seq Scan") {
			list = append(list, line)
		}
		if !strings.Contains(line, "Index Scan") && !strings.Contains(line, "Index Only Scan") {
			continue
		}
		if i+1 == len(plan) || !strings.Contains(plan[i+1], "Index Cond:") {
			list = append(list, line)
		}
	}
	return list
}

func TestWholeReadsAreFound(t *testing.T) {
	t.Parallel()
	plan := strings.Split(`Nested Loop
  ->  Index Scan using proofs_pkey on proofs p
        Index Cond: (y = u.key)
  ->  Seq Scan on outputs
  ->  Index Only Scan using pending_proofs_pkey on pending_proofs
  SubPlan 1
    ->  Bitmap Index Scan on sagas_pkey`, "\n")
	got := wholeReads(plan)
	if len(got) != 3 || !strings.Contains(got[0], "outputs") || !strings.Contains(got[1], "pending") || !strings.Contains(got[2], "sagas") {
		t.Errorf("got %q", got)
	}
}

// columnsOf lists "table.column" of a database.
func columnsOf(t *testing.T, path, sql string) (list []string) {
	t.Helper()
	folder := "sqlite"
	if sqldb.IsServer(path) {
		folder = "postgres"
	}
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sqldb.Open(t.Context(), sqldb.Config{Path: path, Migrations: migrationsOf(t, folder)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	err = db.Read(t.Context(), func(tx sqldb.Tx) error {
		list = nil
		return tx.Query(t.Context(), sqldb.Stmt{Name: "test.columns", SQL: sql}, func(scan sqldb.Scan) error {
			var name string
			err := scan(&name)
			list = append(list, name)
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

func TestBothSchemasHaveTheSameTablesAndColumns(t *testing.T) {
	t.Parallel()
	sqlite := columnsOf(t, filepath.Join(t.TempDir(), "mint.db"),
		"SELECT m.name || '.' || c.name FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c WHERE m.type = 'table'")
	server := columnsOf(t, postgres.Database(t),
		"SELECT (table_name || '.' || column_name)::text FROM information_schema.columns WHERE table_schema = current_schema()")
	// Only there can operations be numbered by several processes.
	server = slices.DeleteFunc(server, func(name string) bool { return strings.HasPrefix(name, "operation_refs.") })
	if !slices.Equal(sqlite, server) {
		t.Errorf("SQLite has\n%v\nPostgreSQL has\n%v", sqlite, server)
	}
	if a, b := migrationsOf(t, "sqlite"), migrationsOf(t, "postgres"); fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("migrations %v and %v", a, b)
	}
}
