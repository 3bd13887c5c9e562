-- The pool: what transcribers hear, and what only those see who answer for it.
--
-- A transcriber sees their own line, and a clip's sealed sound only for a hearing that is on record. What a clip comes
-- from is sealed under keys that transcribers do not have, and the tables that hold it show them no row.

-- Who has heard what, as their entries say.
CREATE TABLE IF NOT EXISTS hearing (
    serving_id varchar(32) NOT NULL,
    member_id varchar(32) NOT NULL REFERENCES member (id),
    xid xid8 NOT NULL,
    PRIMARY KEY (serving_id, xid)
);

-- What an entry may be about that is no item.
CREATE OR REPLACE FUNCTION of_pool(me seat, action text, object text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN CASE
        WHEN action IN ('clip_opened', 'clip_labelled', 'clip_skipped', 'clip_reported', 'clip_taken_back', 'released')
            THEN 'transcriber' = ANY (me.roles)
                 AND EXISTS (SELECT FROM serving s WHERE s.id = object AND s.member_id = me.member_id)
        WHEN action IN ('call_added', 'call_built', 'opened', 'erased')
            THEN me.is_admin AND EXISTS (SELECT FROM call c WHERE c.id = object AND c.workspace_id = me.workspace_id)
        WHEN action IN ('opted_out', 'labels_exported', 'pool_key_made') THEN me.is_admin
        ELSE false END;
END $$;

-- Waits until nobody else changes what is in the pool or in the lines of others. A row that no member may lock: whoever
-- is neither a transcriber nor an admin could keep them all waiting by an advisory lock.
CREATE OR REPLACE FUNCTION hold_pool() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    PERFORM need(me.roles && '{transcriber,admin}', 'only who transcribes or keeps the pool');
    PERFORM FROM workspace WHERE id = me.workspace_id FOR NO KEY UPDATE;
END $$;

CREATE OR REPLACE FUNCTION guard_serving() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
    moment timestamptz := clock_timestamp();
    is_live boolean := EXISTS (SELECT FROM clip WHERE id = OLD.clip_id AND state = 'live');
BEGIN
    IF NEW.state = 'withdrawn' THEN
        PERFORM need(OLD.state = 'leased' AND NOT is_live AND NEW.lease_id IS NULL, 'a clip that is not withdrawn');
        RETURN NEW;
    END IF;
    IF NOT is_live AND NEW.state = OLD.state AND NEW.hypothesis IS NULL AND NEW.lease_id IS NOT DISTINCT FROM OLD.lease_id
       AND NEW.lease_expires_at IS NOT DISTINCT FROM OLD.lease_expires_at AND NEW.done_at IS NOT DISTINCT FROM OLD.done_at THEN
        RETURN NEW;  -- with a clip goes what the machine heard in it
    END IF;
    PERFORM need(OLD.member_id = me.member_id, 'another''s clip');
    PERFORM need(NEW.hypothesis IS NOT DISTINCT FROM OLD.hypothesis, 'a hypothesis that is changed');
    IF NEW.state = 'leased' AND NOT is_live THEN
        RETURN NULL;  -- withdrawn in this moment: it is as if it had never been there
    END IF;
    IF NEW.state = 'leased' THEN
        PERFORM need(OLD.state IN ('ready', 'leased', 'labelled', 'skipped') AND NEW.lease_id IS NOT NULL,
                     'a clip that is gone', 'RV003');
        IF OLD.state = 'leased' AND NEW.lease_id = OLD.lease_id THEN
            PERFORM need(OLD.lease_expires_at > moment AND NEW.lease_desk = OLD.lease_desk, 'the lease is over', 'RV003');
        END IF;
        PERFORM need(OLD.state IN ('ready', 'leased') OR OLD.done_at > moment - interval '1 day', 'an answer that is too old');
        PERFORM need(NEW.lease_expires_at <= moment + interval '20 minutes 5 seconds' AND NEW.done_at IS NULL,
                     'a lease that is too long');
    ELSIF NEW.state = 'ready' THEN
        PERFORM need(OLD.state = 'leased' AND NEW.lease_id IS NULL, 'a clip that is not yours');
    ELSIF NEW.state IN ('labelled', 'skipped', 'reported') THEN
        PERFORM need(is_live AND OLD.state = 'leased' AND OLD.lease_expires_at > moment AND NEW.lease_id IS NULL,
                     'an answer without a live lease', 'RV003');
        PERFORM need(abs(extract(epoch FROM NEW.done_at - moment)) < 60, 'an answer with a wrong time');
    ELSE
        PERFORM need(false, 'a step that no clip takes');
    END IF;
    RETURN NEW;
END $$;

-- At the commit: every step is on record, and an answer is there, for a clip that was heard whole.
CREATE OR REPLACE FUNCTION whole_serving() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.state = 'withdrawn' THEN
        RETURN NULL;
    END IF;
    PERFORM need(EXISTS (
        SELECT FROM entry e WHERE e.item_id = NEW.id AND e.actor = NEW.member_id AND e.xid = pg_current_xact_id()
          AND e.action = CASE WHEN NEW.state = 'leased' AND OLD.state IN ('labelled', 'skipped') THEN 'clip_taken_back'
                              WHEN NEW.state = 'leased' THEN 'clip_opened' WHEN NEW.state = 'ready' THEN 'released'
                              ELSE 'clip_' || NEW.state END), 'a step without its entry');
    IF NEW.state IN ('ready', 'leased') THEN
        PERFORM need(NOT EXISTS (SELECT FROM label WHERE serving_id = NEW.id), 'an answer that stands');
    END IF;
    IF NEW.state IN ('labelled', 'skipped', 'reported') THEN
        PERFORM need(EXISTS (
            SELECT FROM label l WHERE l.serving_id = NEW.id AND CASE NEW.state
                WHEN 'labelled' THEN l.text IS NOT NULL AND l.for_vault IS NOT NULL AND l.listened_ms + 1 >= NEW.seconds_ms
                WHEN 'skipped' THEN l.text IS NULL AND l.reason IS NOT NULL
                ELSE l.text IS NULL END), 'a step without its answer');
    END IF;
    IF NEW.state = 'reported' THEN
        PERFORM need(EXISTS (SELECT FROM clip c WHERE c.id = NEW.clip_id AND c.state = 'withdrawn'), 'a report that changes nothing');
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION guard_answer() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
    of serving;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        PERFORM need(NEW.text IS NULL AND NEW.for_vault IS NULL AND EXISTS (
            SELECT FROM serving s JOIN clip c ON c.id = s.clip_id WHERE s.id = OLD.serving_id AND c.state = 'withdrawn'),
            'an answer that is changed');
        RETURN NEW;
    END IF;
    SELECT * INTO of FROM serving WHERE id = CASE TG_OP WHEN 'DELETE' THEN OLD.serving_id ELSE NEW.serving_id END;
    IF TG_OP = 'DELETE' THEN
        PERFORM need(of.state IN ('labelled', 'skipped') AND of.done_at > clock_timestamp() - interval '1 day'
                     AND EXISTS (SELECT FROM clip c WHERE c.id = of.clip_id AND c.state = 'live'), 'an answer that stands');
        RETURN OLD;
    END IF;
    PERFORM need(of.member_id = me.member_id AND of.xmin = pg_current_xact_id()::xid
                 AND of.state IN ('labelled', 'skipped', 'reported'), 'an answer without a live lease', 'RV003');
    PERFORM need(NEW.listened_ms BETWEEN 0 AND 86400000 AND (NEW.reason IS NULL OR NEW.reason = ANY (
        '{wrong_cut,no_speech,other_language,too_noisy,two_talk,distressing,masked,technical}')), 'an answer that nobody can read');
    PERFORM need(NEW.text IS NULL OR NEW.prefilled = (of.hypothesis IS NOT NULL), 'an answer that hides what it began with');
    RETURN NEW;
END $$;

-- At the commit: an answer that is gone was taken back, on record.
CREATE OR REPLACE FUNCTION whole_taking_back() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM need(EXISTS (SELECT FROM entry e WHERE e.item_id = OLD.serving_id AND e.action = 'clip_taken_back'
                         AND e.xid = pg_current_xact_id()), 'an answer that is gone without its entry');
    PERFORM need(EXISTS (SELECT FROM label WHERE serving_id = OLD.serving_id) OR NOT EXISTS (
        SELECT FROM serving WHERE id = OLD.serving_id AND state IN ('labelled', 'skipped', 'reported')), 'a step without its answer');
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION guard_label_draft() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM need(EXISTS (
            SELECT FROM serving s JOIN clip c ON c.id = s.clip_id WHERE s.id = OLD.serving_id
              AND (s.member_id = me.member_id OR s.state = 'ready' OR c.state = 'withdrawn')), 'a text that is being written');
        RETURN OLD;
    END IF;
    -- Whoever withdraws the clip in this moment is waited for.
    PERFORM FROM serving s WHERE s.id = NEW.serving_id AND s.member_id = me.member_id AND s.state = 'leased'
        AND s.lease_expires_at > clock_timestamp() FOR SHARE;
    PERFORM need(FOUND, 'a text without a live lease', 'RV003');
    RETURN NEW;
END $$;

-- Whoever holds a generation may seal it to somebody who transcribes too; an admin makes new ones.
CREATE OR REPLACE FUNCTION guard_pool_key() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    PERFORM need(me.is_admin OR EXISTS (
        SELECT FROM pool_key k WHERE k.generation = NEW.generation AND k.member_id = me.member_id), 'a key that you do not hold');
    PERFORM need(EXISTS (
        SELECT FROM seat s WHERE s.member_id = NEW.member_id AND s.removed_at IS NULL AND 'transcriber' = ANY (s.roles)),
        'a key for who does not transcribe');
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION guard_clip() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    PERFORM need(NEW.state = 'withdrawn' AND NEW.audio = '' AND NEW.sealed_key = '', 'a clip that is changed');
    PERFORM need(me.is_admin OR EXISTS (
        SELECT FROM serving s WHERE s.clip_id = OLD.id AND s.member_id = me.member_id AND s.state = 'reported'
          AND s.xmin = pg_current_xact_id()::xid), 'a clip that is not yours to withdraw');
    RETURN NEW;
END $$;

-- A transcriber who reports a clip sees only their own line: it is taken out of the others here, as an admin's desk does
-- it, and a line ends where a clip is taken out of it.
CREATE OR REPLACE FUNCTION withdraw_clip() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
    it serving;
BEGIN
    IF me.is_admin THEN
        RETURN NULL;
    END IF;
    PERFORM hold_pool();
    PERFORM FROM serving WHERE clip_id = NEW.id ORDER BY id FOR UPDATE;  -- who is answering is waited for
    UPDATE serving SET hypothesis = NULL WHERE clip_id = NEW.id AND hypothesis IS NOT NULL;
    UPDATE label l SET text = NULL, for_vault = NULL FROM serving s WHERE s.clip_id = NEW.id AND l.serving_id = s.id
        AND (l.text IS NOT NULL OR l.for_vault IS NOT NULL);
    DELETE FROM label_draft d USING serving s WHERE s.clip_id = NEW.id AND d.serving_id = s.id;
    FOR it IN SELECT * FROM serving WHERE clip_id = NEW.id AND state IN ('ready', 'leased') ORDER BY id LOOP
        DELETE FROM label_draft d USING serving s
            WHERE d.serving_id = s.id AND s.member_id = it.member_id AND s.place >= it.place AND s.state = 'ready';
        DELETE FROM serving s WHERE s.member_id = it.member_id AND s.place >= it.place AND s.state = 'ready';
        UPDATE serving SET state = 'withdrawn', lease_id = NULL, lease_desk = NULL, lease_expires_at = NULL
            WHERE id = it.id AND state = 'leased';
    END LOOP;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION guard_vault_key() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM need(NEW.id = OLD.id AND NEW.key_id = OLD.key_id AND NEW.generation > OLD.generation, 'a key that is exchanged');
    RETURN NEW;
END $$;

-- At the commit: the call whose key is destroyed is erased, on record. The key of the way back to calls stays.
CREATE OR REPLACE FUNCTION whole_call_erasure() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM need(OLD.id <> 'pool' AND EXISTS (SELECT FROM entry e WHERE e.xid = pg_current_xact_id()
                         AND e.action = 'erased' AND e.item_id = OLD.id), 'an erasure without its entry');
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION guard_vault_door() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM need(NOT EXISTS (SELECT FROM vault_door), 'a second way back');
    RETURN NEW;
END $$;

-- At the commit: what the trigger's arguments name is on record.
CREATE OR REPLACE FUNCTION whole_pool() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM need(EXISTS (SELECT FROM entry e WHERE e.xid = pg_current_xact_id() AND e.action = ANY (TG_ARGV)),
                 'a step without its entry');
    RETURN NULL;
END $$;
