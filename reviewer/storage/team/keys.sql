-- Keys: the workspace's generations, what is wrapped under them, and what is destroyed with them.

CREATE OR REPLACE FUNCTION is_used(of integer) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM data_key k WHERE k.generation = of) OR EXISTS (SELECT FROM list_key k WHERE k.generation = of)
        OR EXISTS (SELECT FROM conversation k WHERE k.generation = of) OR EXISTS (SELECT FROM vault_key k WHERE k.generation = of);
END $$;

CREATE OR REPLACE FUNCTION guard_workspace_key() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    PERFORM need(me.is_admin OR (TG_OP = 'INSERT' AND NEW.member_id = me.member_id
                                 AND NOT EXISTS (SELECT FROM workspace_key)), 'only an admin may do this');
    PERFORM need(TG_OP = 'DELETE' OR EXISTS (SELECT FROM member m JOIN seat s ON s.member_id = m.id
                                             WHERE m.id = NEW.member_id AND s.removed_at IS NULL), 'a key for nobody');
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT FROM seat s WHERE s.member_id = OLD.member_id AND s.removed_at IS NOT NULL) THEN
        PERFORM need(OLD.generation < (SELECT max(generation) FROM workspace_key) AND NOT is_used(OLD.generation), 'a key that is in use');
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

-- At the commit: a generation is one that the ledger names; that it is sealed to somebody or destroyed is on record; and
-- what is destroyed protects nothing, also nothing that was wrapped under it in the meantime.
CREATE OR REPLACE FUNCTION whole_workspace_key() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM need(EXISTS (SELECT FROM entry e WHERE e.xid = pg_current_xact_id()
                             AND e.action IN ('workspace_key_destroyed', 'member_removed')), 'a step without its entry');
        PERFORM need(EXISTS (SELECT FROM workspace_key k WHERE k.generation = OLD.generation) OR NOT is_used(OLD.generation), 'a key that is in use');
        RETURN NULL;
    END IF;
    PERFORM need(EXISTS (
        SELECT FROM entry e, LATERAL (SELECT convert_from(e.body, 'UTF8')::jsonb -> 'details' AS said) d
        WHERE e.action = 'workspace_key_made' AND (d.said ->> 'generation')::numeric = NEW.generation
          AND d.said ->> 'fingerprint' = NEW.fingerprint), 'a key that the ledger does not name');
    PERFORM need(EXISTS (SELECT FROM entry e WHERE e.xid = pg_current_xact_id() AND (e.action = 'workspace_key_made'
                         OR e.action IN ('member_added', 'member_changed')
                            AND convert_from(e.body, 'UTF8')::jsonb -> 'details' ->> 'member' = NEW.member_id)), 'a step without its entry');
    RETURN NULL;
END $$;

-- Whoever wraps a key under a generation keeps it from being destroyed meanwhile, or finds it gone.
CREATE OR REPLACE FUNCTION guard_wrapped() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    PERFORM FROM workspace_key WHERE generation = NEW.generation AND member_id = me.member_id FOR KEY SHARE;
    PERFORM need(FOUND, 'a key under one that is gone');
    RETURN NEW;
END $$;

-- An admin sees only the keys that are sealed to them: where theirs of a generation goes, it goes for everybody.
CREATE OR REPLACE FUNCTION destroy_generation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    IF OLD.member_id = me.member_id THEN
        DELETE FROM workspace_key WHERE generation = OLD.generation;
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION guard_data_key() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM need(NOT EXISTS (SELECT FROM content WHERE item_id = NEW.item_id), 'a second key of a conversation');
        RETURN NEW;
    END IF;
    PERFORM need(me.is_admin, 'only an admin may do this');
    PERFORM need(TG_OP = 'DELETE' OR (NEW.item_id = OLD.item_id AND NEW.key_id = OLD.key_id
                                      AND NEW.generation > OLD.generation), 'a key that is exchanged');
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE OR REPLACE FUNCTION guard_conversation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    PERFORM need((NEW.wrapped, NEW.generation) IS NOT DISTINCT FROM (OLD.wrapped, OLD.generation)
                 OR (me.is_admin AND NEW.generation > OLD.generation), 'a key that is exchanged');
    PERFORM need(NEW.map = OLD.map OR me.roles && '{agent,clinician,supervisor,admin,producer}', 'a map that is changed');
    RETURN NEW;
END $$;

-- At the commit: a map of PII tokens goes with the item of its conversation.
CREATE OR REPLACE FUNCTION whole_forgetting() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM need(EXISTS (
        SELECT FROM entry e JOIN item i ON i.id = e.item_id WHERE e.xid = pg_current_xact_id() AND e.action = 'erased'
          AND i.workspace_id = OLD.workspace_id AND i.producer = OLD.producer AND i.external_id = OLD.external_id), 'a step without its entry');
    RETURN NULL;
END $$;

-- At the commit: a map of PII tokens comes and grows on record, one by one.
CREATE OR REPLACE FUNCTION whole_conversation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM need(EXISTS (
        SELECT FROM entry e WHERE e.xid = pg_current_xact_id() AND CASE e.action
            WHEN 'tokenised' THEN convert_from(e.body, 'UTF8')::jsonb -> 'details' ->> 'conversation' = NEW.id
            WHEN 'data_keys_rewrapped' THEN TG_OP = 'UPDATE' AND NEW.map = OLD.map END), 'a step without its entry');
    RETURN NULL;
END $$;

-- With its key a conversation's content goes, everywhere.
CREATE OR REPLACE FUNCTION erase_content() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE content SET draft = '', source = '', recipient = NULL WHERE item_id = OLD.item_id;
    DELETE FROM working_copy WHERE item_id = OLD.item_id;
    DELETE FROM second_opinion WHERE item_id = OLD.item_id;
    DELETE FROM look WHERE item_id = OLD.item_id;
    DELETE FROM analysis WHERE item_id = OLD.item_id;
    DELETE FROM unanalysed WHERE item_id = OLD.item_id;
    UPDATE decision SET final = NULL, note = NULL, overrides = NULL WHERE item_id = OLD.item_id;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION whole_erasure() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    PERFORM need(me.is_admin, 'only an admin may do this');
    PERFORM need(EXISTS (SELECT FROM entry e WHERE e.item_id = OLD.item_id AND e.action = 'erased'
                         AND e.xid = pg_current_xact_id()), 'an erasure without its entry');
    RETURN NULL;
END $$;
