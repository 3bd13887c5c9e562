-- The queue's table is rewritten with each claim: room for that in its pages, and a vacuum that keeps up. What was
-- decided stays for years, and only its newest rows change: a share of the whole table would come too late.
ALTER TABLE item SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE decision SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE outbox SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE unanalysed SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);

-- The places of entries in the ledger.
--
-- Entries are inserted by many at once, and a number drawn early may be committed late. So an entry gets its place only
-- once nothing that is still running can come before it: then places have no gaps and never change.

ALTER TABLE entry ADD COLUMN IF NOT EXISTS xid xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX IF NOT EXISTS ix_entry_xid ON entry (xid);

CREATE TABLE IF NOT EXISTS entry_place (
    position bigint PRIMARY KEY CHECK (position > 0),
    seq bigint NOT NULL UNIQUE REFERENCES entry (seq)
);

-- Every entry of a transaction below this one has its place. One row.
CREATE TABLE IF NOT EXISTS entry_settled (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    below xid8 NOT NULL
);
INSERT INTO entry_settled (below) VALUES ('0') ON CONFLICT DO NOTHING;

-- Tells whether nobody else has the turn of that name, which then is this transaction's until it ends. Members cannot
-- take such a lock by themselves, where the owner could forbid it, and so keep nobody waiting.
CREATE OR REPLACE FUNCTION take_turn(of text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM own_seat();
    RETURN pg_try_advisory_xact_lock(7264, hashtext(of));
END $$;

-- Returns how many committed entries have no place yet.
CREATE OR REPLACE FUNCTION settle_entries() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    low xid8;
    horizon xid8;
    waits bigint;
    remaining integer;
BEGIN
    PERFORM own_seat();
    SELECT below INTO low FROM entry_settled FOR UPDATE SKIP LOCKED;  -- one at a time: places are dense
    IF NOT FOUND THEN
        RETURN 1;  -- somebody else is at it; whoever called asks again
    END IF;
    horizon := pg_snapshot_xmin(pg_current_snapshot());
    -- What was committed before another entry was drawn also comes before it, whichever transaction began first.
    SELECT min(e.seq), count(*) INTO waits, remaining FROM entry e WHERE e.xid >= horizon;
    INSERT INTO entry_place (position, seq)
        SELECT coalesce((SELECT max(position) FROM entry_place), 0) + row_number() OVER (ORDER BY e.seq), e.seq
        FROM entry e
        WHERE e.xid >= low AND e.xid < horizon AND (waits IS NULL OR e.seq < waits)
          AND NOT EXISTS (SELECT FROM entry_place p WHERE p.seq = e.seq);
    SELECT least(horizon, min(e.xid)) INTO low FROM entry e
        WHERE e.xid >= low AND NOT EXISTS (SELECT FROM entry_place p WHERE p.seq = e.seq);
    UPDATE entry_settled SET below = low WHERE below < low;
    RETURN remaining;
END $$;
