-- Seats: which login is which member. Whoever may do anything here has one.
--
-- A member sees their own seat alone, and only while they are no member that was removed and their session is neither
-- idle nor old. Every other policy asks the seat, so these limits hold everywhere, and no setting of a session lifts
-- them. Two sessions of one login count as one person: the one keeps the other awake.

CREATE TABLE IF NOT EXISTS seat (
    login name PRIMARY KEY,
    member_id varchar(32) UNIQUE REFERENCES member (id),
    workspace_id varchar(32) REFERENCES workspace (id),
    roles text[] NOT NULL DEFAULT '{}',
    languages text[],
    skills text[],
    at_desk boolean NOT NULL GENERATED ALWAYS AS
        (roles && '{agent,clinician,supervisor,admin,auditor,producer}'::text[]) STORED,
    is_admin boolean NOT NULL GENERATED ALWAYS AS (roles && '{admin}'::text[]) STORED,
    may_found boolean NOT NULL DEFAULT false,
    invited_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    removed_at timestamptz
);
ALTER TABLE seat SET (fillfactor = 50);
ALTER TABLE seat ADD COLUMN IF NOT EXISTS has_factor boolean NOT NULL DEFAULT false;  -- see factors.sql
-- Whoever does more than look: auditors see the queue and change nothing in it.
ALTER TABLE seat ADD COLUMN IF NOT EXISTS works boolean NOT NULL GENERATED ALWAYS AS
    (roles && '{agent,clinician,supervisor,admin,producer}'::text[]) STORED;

-- Who was invited, has made keys, and waits for an admin to compare their fingerprint.
CREATE TABLE IF NOT EXISTS joining (
    login name PRIMARY KEY DEFAULT session_user REFERENCES seat (login),
    member_id varchar(32) NOT NULL UNIQUE,
    name varchar(200) NOT NULL CHECK (name ~ '\S'),
    receive_key bytea NOT NULL CHECK (length(receive_key) = 32),
    sign_key bytea NOT NULL CHECK (length(sign_key) = 32),
    identity bytea NOT NULL CHECK (length(identity) <= 1000),
    recovery bytea NOT NULL CHECK (length(recovery) <= 1000),
    asked_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE joining DROP CONSTRAINT IF EXISTS joining_member_id_check;
ALTER TABLE joining ADD CONSTRAINT joining_member_id_check CHECK (member_id ~ '^[0-9A-Za-z_-]{1,32}$') NOT VALID;

-- The rules of the kinds that this program declares; filled when the database is set up.
CREATE TABLE IF NOT EXISTS kind_rule (
    kind varchar(60) PRIMARY KEY,
    roles text[] NOT NULL,
    lease interval NOT NULL,
    hold interval NOT NULL,
    signed boolean NOT NULL,
    verdicts text[] NOT NULL
);

-- What this program's analyses find, and which version of it; filled when the database is set up.
CREATE TABLE IF NOT EXISTS analysis_rule (
    name varchar(20) PRIMARY KEY,
    version integer NOT NULL
);

-- Who has looked at what, as their entries say. Content is shown for a committed look alone.
CREATE TABLE IF NOT EXISTS look (
    item_id varchar(32) NOT NULL REFERENCES item (id),
    member_id varchar(32) NOT NULL REFERENCES member (id),
    action varchar(40) NOT NULL,
    xid xid8 NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (item_id, member_id, action, xid)
);

-- How long a session may last and rest; the owner may change it. One row.
CREATE TABLE IF NOT EXISTS session_rule (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    longest interval NOT NULL DEFAULT '12 hours',
    idle interval NOT NULL DEFAULT '30 minutes'
);
INSERT INTO session_rule DEFAULT VALUES ON CONFLICT DO NOTHING;

-- Every statement of a desk asks this. PL/pgSQL keeps its plan for the whole session, and as it always runs as one role,
-- that plan holds: called now by a member and now by the owner, it would be made anew each time.
CREATE OR REPLACE FUNCTION session_lives(seen_at timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    started timestamptz;
    rule session_rule;
BEGIN
    SELECT a.backend_start INTO started FROM pg_stat_get_activity(pg_backend_pid()) a;
    SELECT * INTO rule FROM session_rule;
    RETURN (started > clock_timestamp() - rule.longest
            AND greatest(started, seen_at) > clock_timestamp() - rule.idle) IS TRUE;
END $$;

-- The seat of who is connected, whatever role is set and whoever's function runs. Raises where there is none.
CREATE OR REPLACE FUNCTION own_seat() RETURNS seat
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found_seat seat;
BEGIN
    SELECT * INTO found_seat FROM seat WHERE login = session_user AND removed_at IS NULL AND session_lives(seen_at)
        AND (NOT has_factor OR factor_passed());
    IF current_setting('transaction_isolation') <> 'read committed' AND current_setting('transaction_read_only') = 'off' THEN
        RAISE 'a transaction that may see what was, and not what is' USING ERRCODE = 'RV002';
    END IF;
    IF found_seat.login IS NULL THEN
        RAISE 'no seat, the session is too old, or it lacks its second factor' USING ERRCODE = 'RV001';
    END IF;
    RETURN found_seat;
END $$;

-- Waits until no other transaction writes the own chain, and returns where the chain ends and what the time then is.
DROP FUNCTION IF EXISTS hold_chain(text);
DROP FUNCTION IF EXISTS hold_chain();
CREATE OR REPLACE FUNCTION hold_chain(OUT number bigint, OUT hash bytea, OUT at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    UPDATE seat SET seen_at = clock_timestamp() WHERE login = session_user;
    SELECT e.number, e.hash INTO number, hash FROM entry e WHERE e.actor = me.member_id ORDER BY e.number DESC LIMIT 1;
    at := date_trunc('milliseconds', clock_timestamp());
END $$;

-- For admins: the seats of the workspace and who waits to join.
CREATE OR REPLACE FUNCTION team_seats()
RETURNS TABLE (login name, member_id varchar, roles text[], removed_at timestamptz, waits boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    IF me.is_admin IS NOT TRUE THEN
        RAISE 'only an admin may do this' USING ERRCODE = 'RV002';
    END IF;
    RETURN QUERY SELECT s.login, s.member_id, s.roles, s.removed_at, j.login IS NOT NULL
        FROM seat s LEFT JOIN joining j ON j.login = s.login
        WHERE s.workspace_id = me.workspace_id OR s.workspace_id IS NULL ORDER BY s.login;
END $$;
