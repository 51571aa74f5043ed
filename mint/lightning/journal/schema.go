package journal

import "mintmark/internal/sqldb"

// Times are Unix milliseconds, 0 is never. The statements are those of SQLite and
// of PostgreSQL.
var migrations = []sqldb.Migration{{
	Name: "0001_start",
	SQL: `
CREATE TABLE notes (
  name  TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
);
-- identifier is the node's own name of a request, where the mint has another one.
-- next is when to ask for its payments again.
CREATE TABLE requests (
  method     TEXT NOT NULL,
  lookup     TEXT NOT NULL,
  identifier TEXT NOT NULL UNIQUE,
  unit       TEXT NOT NULL,
  amount     BIGINT NOT NULL,
  once       BIGINT NOT NULL,
  created    BIGINT NOT NULL,
  expires    BIGINT NOT NULL,
  next       BIGINT NOT NULL,
  PRIMARY KEY (method, lookup)
);
CREATE INDEX requests_next ON requests (next) WHERE next > 0;
CREATE TABLE received (
  method    TEXT NOT NULL,
  lookup    TEXT NOT NULL,
  payment   TEXT NOT NULL,
  unit      TEXT NOT NULL,
  amount    BIGINT NOT NULL,
  at        BIGINT NOT NULL,
  delivered BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (method, lookup, payment)
);
CREATE INDEX received_undelivered ON received (at) WHERE delivered = 0;
-- debt is what must not be confused with another attempt: what the node knows a
-- payment by before it was made. identifier is what it knows it by in the end. said is
-- what the node was told, so that it can be told again.
CREATE TABLE attempts (
  id         TEXT NOT NULL PRIMARY KEY,
  method     TEXT NOT NULL,
  unit       TEXT NOT NULL,
  amount     BIGINT NOT NULL,
  max_fee    BIGINT NOT NULL,
  debt       TEXT NOT NULL,
  identifier TEXT NOT NULL,
  quote      TEXT NOT NULL,
  said       TEXT NOT NULL,
  part       BIGINT NOT NULL,
  rival      BIGINT NOT NULL,
  begun      BIGINT NOT NULL,
  answer     BIGINT NOT NULL DEFAULT 0,
  state      BIGINT NOT NULL DEFAULT 1,
  spent      BIGINT NOT NULL DEFAULT 0,
  proof      TEXT NOT NULL DEFAULT ''
);
CREATE INDEX attempts_debt ON attempts (debt);
-- What is not paid in parts is paid by one attempt at a time, and only once.
CREATE UNIQUE INDEX attempts_whole ON attempts (debt) WHERE part = 0 AND state <> 3;
CREATE INDEX attempts_quote ON attempts (quote) WHERE state = 1;
`,
}, {
	// Nor is a part ordered while anything else of the debt is: a node that is asked by
	// the debt would answer for the one or for the other.
	Name: "0002_one_at_a_time",
	SQL:  `CREATE UNIQUE INDEX attempts_open ON attempts (debt) WHERE state = 1`,
}, {
	// Requests that can be paid but once and are not asked for any more, by their end:
	// those that will be forgotten.
	Name: "0003_over",
	SQL:  `CREATE INDEX requests_over ON requests (expires) WHERE next = 0 AND once = 1 AND expires > 0`,
}}

const (
	requestColumns = `method, lookup, identifier, unit, amount, once, created, expires`
	attemptColumns = `id, method, unit, amount, max_fee, debt, identifier, quote, said, part, rival, begun, answer, state, spent, proof`
)

var (
	stmtNote    = sqldb.Stmt{Name: "journal.note", SQL: `SELECT value FROM notes WHERE name = $1`}
	stmtSetNote = sqldb.Stmt{Name: "journal.set_note", SQL: `
INSERT INTO notes (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`}

	stmtFirstNote = sqldb.Stmt{Name: "journal.first_note", SQL: `
INSERT INTO notes (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`}

	stmtAddRequest = sqldb.Stmt{Name: "journal.add_request", SQL: `
INSERT INTO requests (` + requestColumns + `, next) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`}
	stmtRequest = sqldb.Stmt{Name: "journal.request", SQL: `
SELECT ` + requestColumns + ` FROM requests WHERE method = $1 AND lookup = $2`}
	stmtRequestOf = sqldb.Stmt{Name: "journal.request_of", SQL: `
SELECT ` + requestColumns + ` FROM requests WHERE identifier = $1`}
	stmtDue = sqldb.Stmt{Name: "journal.due", SQL: `
SELECT ` + requestColumns + ` FROM requests WHERE next > 0 AND next <= $1 ORDER BY next LIMIT $2`}
	stmtAskAgain = sqldb.Stmt{Name: "journal.ask_again", SQL: `
UPDATE requests SET next = $3 WHERE method = $1 AND lookup = $2`}
	stmtAskAll = sqldb.Stmt{Name: "journal.ask_all", SQL: `UPDATE requests SET next = $1 WHERE next > $1`}

	stmtOver = sqldb.Stmt{Name: "journal.over", SQL: `
SELECT method, lookup FROM requests AS r WHERE next = 0 AND once = 1 AND expires > 0 AND expires < $1
AND NOT EXISTS (SELECT 1 FROM received AS v WHERE v.method = r.method AND v.lookup = r.lookup AND v.delivered = 0)
ORDER BY expires LIMIT $2`}
	stmtForgetRequest = sqldb.Stmt{Name: "journal.forget_request", SQL: `
DELETE FROM requests WHERE method = $1 AND lookup = $2 AND next = 0`}
	stmtForgetReceived = sqldb.Stmt{Name: "journal.forget_received", SQL: `
DELETE FROM received WHERE method = $1 AND lookup = $2 AND delivered = 1`}

	stmtReceive = sqldb.Stmt{Name: "journal.receive", SQL: `
INSERT INTO received (method, lookup, payment, unit, amount, at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`}
	stmtReceived = sqldb.Stmt{Name: "journal.received", SQL: `
SELECT method, lookup, payment, unit, amount, at FROM received WHERE method = $1 AND lookup = $2 ORDER BY at, payment`}
	stmtUndelivered = sqldb.Stmt{Name: "journal.undelivered", SQL: `
SELECT method, lookup, payment, unit, amount, at FROM received WHERE delivered = 0 ORDER BY at, payment LIMIT $1`}
	stmtDelivered = sqldb.Stmt{Name: "journal.delivered", SQL: `
UPDATE received SET delivered = 1 WHERE method = $1 AND lookup = $2 AND payment = $3`}

	stmtRivals = sqldb.Stmt{Name: "journal.rivals", SQL: `SELECT count(*) FROM attempts WHERE debt = $1`}
	stmtTaken  = sqldb.Stmt{Name: "journal.taken", SQL: `SELECT count(*) FROM attempts WHERE debt = $1 AND state <> 3`}
	stmtBegin  = sqldb.Stmt{Name: "journal.begin", SQL: `
INSERT INTO attempts (id, method, unit, amount, max_fee, debt, identifier, quote, said, part, rival, begun)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING`}
	stmtAttempt = sqldb.Stmt{Name: "journal.attempt", SQL: `
SELECT ` + attemptColumns + ` FROM attempts WHERE id = $1`}
	stmtOpenAttempts = sqldb.Stmt{Name: "journal.open_attempts", SQL: `
SELECT ` + attemptColumns + ` FROM attempts WHERE quote = $1 AND state = 1 ORDER BY begun DESC LIMIT 8`}
	stmtAnswer = sqldb.Stmt{Name: "journal.answer", SQL: `
UPDATE attempts SET answer = CASE answer WHEN 3 THEN 3 ELSE $2 END, identifier = $3 WHERE id = $1 AND state = 1`}
	// What the node has claimed to have paid does not end as failed, whatever was read before.
	stmtEnd = sqldb.Stmt{Name: "journal.end", SQL: `
UPDATE attempts SET state = $2, spent = $3, proof = $4 WHERE id = $1 AND state = 1 AND NOT ($2 = 3 AND answer = 3)`}
)
