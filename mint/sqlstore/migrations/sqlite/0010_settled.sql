-- A payment that an operator has settled stays, by its name: its backend reports it again,
-- and it must not be taken in then. settled is when, 0 while it is open. own: the reason is
-- the payment's own, so nothing is gained by trying again.
ALTER TABLE payments_aside ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE payments_aside ADD COLUMN own INTEGER NOT NULL DEFAULT 0;
CREATE INDEX payments_aside_open ON payments_aside (backend) WHERE settled = 0;
