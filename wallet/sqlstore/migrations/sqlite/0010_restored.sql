-- How far a restore has come that has not ended; 0: there is none.
ALTER TABLE counters ADD COLUMN restored INTEGER NOT NULL DEFAULT 0;
