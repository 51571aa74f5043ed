-- What operators settled before 0010 is known from their decisions alone, and a backend goes
-- on reporting it. One that was set aside again since then, and is the same, is open: it is
-- settled, too. An amount above 2^63-1 is kept as 2^64-1. A name with a zero byte, which
-- cannot be read here, is left out.
INSERT INTO payments_aside (backend, method, lookup_id, payment_id, unit, amount, why, own, at, settled)
SELECT convert_to(d.p ->> 'backend', 'UTF8'), convert_to(d.p ->> 'method', 'UTF8'),
    convert_to(d.p ->> 'lookup_id', 'UTF8'), convert_to(d.p ->> 'payment_id', 'UTF8'),
    convert_to(min(d.p ->> 'unit'), 'UTF8'),
    max(CASE WHEN (d.p ->> 'amount')::numeric < 9223372036854775808 THEN (d.p ->> 'amount')::bigint ELSE -1 END),
    convert_to(min(d.p ->> 'why'), 'UTF8'), 0, max(d.at), max(d.at)
FROM (
    SELECT convert_from(evidence, 'UTF8')::json AS p, at FROM decisions
    WHERE decision = convert_to('settle', 'UTF8') AND position('\u0000' IN convert_from(evidence, 'UTF8')) = 0
) AS d
GROUP BY 1, 2, 3, 4
ON CONFLICT (backend, method, lookup_id, payment_id) DO UPDATE SET settled = excluded.settled
    WHERE payments_aside.settled = 0 AND payments_aside.unit = excluded.unit AND payments_aside.amount = excluded.amount;
