-- Members: how one comes, changes and goes.

CREATE OR REPLACE FUNCTION guard_workspace() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    PERFORM need(me.may_found AND me.member_id IS NULL AND NOT EXISTS (SELECT FROM workspace), 'a second workspace');
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION is_list(value jsonb) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN CASE WHEN value IS NULL THEN NULL WHEN jsonb_typeof(value) <> 'array' THEN false
        ELSE NOT EXISTS (SELECT FROM jsonb_array_elements(value) each WHERE jsonb_typeof(each) <> 'string') END;
END $$;

CREATE OR REPLACE FUNCTION seat_member() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
    asked joining;
BEGIN
    PERFORM need(NEW.name ~ '\S' AND is_list(NEW.roles::jsonb) AND coalesce(is_list(NULLIF(NEW.languages::jsonb, 'null')), true)
                 AND coalesce(is_list(NULLIF(NEW.skills::jsonb, 'null')), true) AND NEW.roles::jsonb <> '[]'
                 AND NEW.roles::jsonb <@ '["agent","clinician","transcriber","supervisor","admin","auditor","producer"]', 'a member whom nobody can read');
    IF TG_OP = 'INSERT' AND me.may_found AND me.member_id IS NULL AND NOT EXISTS (SELECT FROM member WHERE id <> NEW.id) THEN
        asked.login := session_user;
        UPDATE seat SET workspace_id = NEW.workspace_id WHERE workspace_id IS NULL;  -- of who was invited before
    ELSIF TG_OP = 'INSERT' THEN
        PERFORM need(me.is_admin AND NEW.workspace_id = me.workspace_id, 'only an admin may do this');
        SELECT * INTO asked FROM joining WHERE member_id = NEW.id;
        PERFORM need(asked.receive_key = NEW.receive_key AND asked.sign_key = NEW.sign_key, 'keys that nobody asked to join with');
        DELETE FROM joining WHERE member_id = NEW.id;
    ELSE
        PERFORM need(OLD.id = me.member_id OR (NEW.identity, NEW.totp, NEW.totp_step)
                     IS NOT DISTINCT FROM (OLD.identity, OLD.totp, OLD.totp_step), 'another''s keys');
        PERFORM need(me.is_admin OR (NEW.name, NEW.roles::text, NEW.languages::text, NEW.skills::text)
                     IS NOT DISTINCT FROM (OLD.name, OLD.roles::text, OLD.languages::text, OLD.skills::text), 'only an admin may do this');
        PERFORM need(OLD.id <> me.member_id OR NEW.roles::text = OLD.roles::text, 'another admin changes your roles');
        SELECT login INTO asked.login FROM seat WHERE member_id = NEW.id;
    END IF;
    UPDATE seat SET member_id = NEW.id, workspace_id = NEW.workspace_id, may_found = false,
        roles = ARRAY(SELECT jsonb_array_elements_text(NEW.roles::jsonb)),
        languages = CASE WHEN jsonb_typeof(NEW.languages::jsonb) = 'array' THEN ARRAY(SELECT jsonb_array_elements_text(NEW.languages::jsonb)) END,
        skills = CASE WHEN jsonb_typeof(NEW.skills::jsonb) = 'array' THEN ARRAY(SELECT jsonb_array_elements_text(NEW.skills::jsonb)) END
        WHERE login = asked.login AND removed_at IS NULL;
    PERFORM need(FOUND, 'a member without a login');
    RETURN NULL;
END $$;

-- At the commit: a member comes, changes or goes with an entry by an admin.
CREATE OR REPLACE FUNCTION whole_member() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.roles::text, NEW.name, NEW.languages::text, NEW.skills::text)
       IS NOT DISTINCT FROM (OLD.roles::text, OLD.name, OLD.languages::text, OLD.skills::text) THEN
        RETURN NULL;
    END IF;
    PERFORM need(EXISTS (
        SELECT FROM entry e WHERE e.xid = pg_current_xact_id()
          AND e.action IN ('workspace_made', 'member_added', 'member_changed')
          AND convert_from(e.body, 'UTF8')::jsonb -> 'details' ->> 'member' = NEW.id
          AND convert_from(e.body, 'UTF8')::jsonb -> 'details' -> 'roles' @> NEW.roles::jsonb
          AND convert_from(e.body, 'UTF8')::jsonb -> 'details' -> 'roles' <@ NEW.roles::jsonb
          AND (TG_OP = 'UPDATE' OR (convert_from(e.body, 'UTF8')::jsonb -> 'details' ->> 'sign' = encode(NEW.sign_key, 'base64')
               AND convert_from(e.body, 'UTF8')::jsonb -> 'details' ->> 'receive' = encode(NEW.receive_key, 'base64')))),
        'a member without an entry that says so');
    RETURN NULL;
END $$;

-- For admins: from the next statement on a removed member has no seat.
CREATE OR REPLACE FUNCTION remove_seat(who text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    -- Two admins who remove each other at once come one after the other, and the second is none any more.
    PERFORM FROM seat WHERE is_admin AND removed_at IS NULL AND workspace_id = me.workspace_id ORDER BY login FOR UPDATE;
    me := own_seat();
    PERFORM need(me.is_admin AND who <> me.member_id, 'only another admin may do this');
    -- Their sessions end first: one that is in a transaction would keep this waiting, and could still write in it.
    PERFORM pg_terminate_backend(a.pid, 5000) FROM pg_stat_get_activity(NULL) a
        JOIN pg_roles r ON r.oid = a.usesysid JOIN seat s ON s.login = r.rolname
        WHERE s.member_id = who AND s.workspace_id = me.workspace_id AND a.pid <> pg_backend_pid();
    UPDATE seat SET removed_at = clock_timestamp() WHERE member_id = who AND workspace_id = me.workspace_id
        AND removed_at IS NULL;
    PERFORM need(FOUND, 'no such member');
    DELETE FROM workspace_key WHERE member_id = who;
END $$;

-- At the commit: whose seat is gone, is gone in the ledger.
CREATE OR REPLACE FUNCTION whole_removal() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM need(EXISTS (
        SELECT FROM entry e WHERE e.xid = pg_current_xact_id() AND e.action = 'member_removed'
          AND convert_from(e.body, 'UTF8')::jsonb -> 'details' ->> 'member' = NEW.member_id), 'a removal without an entry');
    RETURN NULL;
END $$;
