package sqlstore

import "mintmark/internal/sqldb"

// The statements that only PostgreSQL needs, where others write at the same time.
var (
	// The server gives the number: two who count would count to the same.
	stmtAddKeysetIDShared = sqldb.Stmt{Name: "keyset_ids.add_shared", SQL: `
		INSERT INTO keyset_ids (id) VALUES ($1) ON CONFLICT (id) DO NOTHING`}
	stmtTakeRefs = sqldb.Stmt{Name: "operations.take_refs", SQL: `
		UPDATE operation_refs SET free = free + $1 WHERE one = 1 RETURNING free`}
	stmtLockConfig = sqldb.Stmt{Name: "config.lock", SQL: `
		LOCK TABLE config IN SHARE ROW EXCLUSIVE MODE`}
	stmtLockSnapshot = sqldb.Stmt{Name: "keysets.lock", SQL: `
		LOCK TABLE keyset_snapshot IN SHARE ROW EXCLUSIVE MODE`}
	stmtLockPending = sqldb.Stmt{Name: "proofs.lock_pending", SQL: `
		SELECT k.i FROM {keys $1} AS k CROSS JOIN proofs AS p CROSS JOIN pending_proofs AS d
		WHERE p.y = k.key AND d.operation = p.operation AND d.y = p.y ORDER BY p.y {lock d}`}
	stmtLockUnsigned = sqldb.Stmt{Name: "outputs.lock_unsigned", SQL: `
		SELECT k.i FROM {keys $1} AS k CROSS JOIN outputs AS o CROSS JOIN unsigned_outputs AS u
		WHERE o.b = k.key AND u.operation = o.operation AND u.position = o.position ORDER BY o.b {lock u}`}
)
