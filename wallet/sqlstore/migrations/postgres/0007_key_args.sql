-- What the call of a name has asked for, so that another call under the same name is
-- noticed. NULL: it was started before this column came.
ALTER TABLE saga_keys ADD COLUMN args bytea;
