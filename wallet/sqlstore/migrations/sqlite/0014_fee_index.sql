-- Which of the fees that a mint offers for a payment was chosen (NUT-30): one more than
-- its index; 0: there were none to choose from.
ALTER TABLE quotes ADD COLUMN fee_index INTEGER NOT NULL DEFAULT 0;
