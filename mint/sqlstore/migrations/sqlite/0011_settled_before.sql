-- What operators settled before 0010 is known from their decisions alone, and a backend goes
-- on reporting it. One that was set aside again since then, and is the same, is open: it is
-- settled, too. An amount above 2^63-1 is a REAL here; all of them are kept as 2^64-1. A name
-- with a zero byte, which PostgreSQL cannot read, is left out on both.
INSERT INTO payments_aside (backend, method, lookup_id, payment_id, unit, amount, why, own, at, settled)
SELECT CAST(d.p ->> '$.backend' AS BLOB), CAST(d.p ->> '$.method' AS BLOB),
    CAST(d.p ->> '$.lookup_id' AS BLOB), CAST(d.p ->> '$.payment_id' AS BLOB),
    CAST(min(d.p ->> '$.unit') AS BLOB),
    max(CASE typeof(d.p ->> '$.amount') WHEN 'integer' THEN d.p ->> '$.amount' ELSE -1 END),
    CAST(min(d.p ->> '$.why') AS BLOB), 0, max(d.at), max(d.at)
FROM (
    SELECT CAST(evidence AS TEXT) AS p, at FROM decisions
    WHERE decision = CAST('settle' AS BLOB) AND instr(CAST(evidence AS TEXT), '\u0000') = 0
) AS d
GROUP BY 1, 2, 3, 4
ON CONFLICT (backend, method, lookup_id, payment_id) DO UPDATE SET settled = excluded.settled
    WHERE payments_aside.settled = 0 AND payments_aside.unit = excluded.unit AND payments_aside.amount = excluded.amount;
