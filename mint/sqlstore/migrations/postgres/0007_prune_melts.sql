-- Offers to pay that nobody has taken, and the requests that nobody has paid, by their
-- end: those that will be forgotten.
CREATE INDEX melt_quotes_unpaid ON melt_quotes (expiry) WHERE state = 0 AND expiry > 0;
CREATE INDEX melt_requests_unpaid ON melt_requests (expiry) WHERE operation = 0 AND paid = 0 AND expiry > 0;
