-- Which rows a member sees and touches. Written inline, so that each becomes a condition of an index.
--
-- Inside a policy `SELECT ... FROM seat` finds the one seat that the seat's own policy shows: that of who is connected.
-- Whoever has none finds NULL, and no row is equal to that. Row-level security is enabled and forced on every table of
-- the schema before this file runs, so a table that is not named here shows nothing to anybody.

CREATE POLICY own ON seat FOR SELECT TO reviewer_member
    USING (login = session_user AND removed_at IS NULL AND session_lives(seen_at)
           AND (NOT has_factor OR factor_passed()));

CREATE POLICY shared ON session_rule FOR SELECT TO reviewer_member USING (true);
CREATE POLICY shared ON kind_rule FOR SELECT TO reviewer_member USING (EXISTS (SELECT FROM seat));
CREATE POLICY shared ON alembic_version FOR SELECT TO reviewer_member USING (true);

CREATE POLICY own ON joining FOR SELECT TO reviewer_member
    USING (login = session_user OR (SELECT is_admin FROM seat));
CREATE POLICY ask ON joining FOR INSERT TO reviewer_member
    WITH CHECK (login = session_user AND (SELECT member_id IS NULL FROM seat));
CREATE POLICY again ON joining FOR DELETE TO reviewer_member
    USING ((login = session_user AND (SELECT member_id IS NULL FROM seat)) OR (SELECT is_admin FROM seat));

-- ---- The workspace and its members

CREATE POLICY own ON workspace FOR SELECT TO reviewer_member USING (id = (SELECT workspace_id FROM seat));
CREATE POLICY found ON workspace FOR INSERT TO reviewer_member WITH CHECK ((SELECT may_found FROM seat));

CREATE POLICY colleagues ON member FOR SELECT TO reviewer_member
    USING (workspace_id = (SELECT workspace_id FROM seat)
           AND (id = (SELECT member_id FROM seat) OR (SELECT at_desk FROM seat)));
CREATE POLICY add ON member FOR INSERT TO reviewer_member
    WITH CHECK ((SELECT may_found OR is_admin FROM seat));
CREATE POLICY change ON member FOR UPDATE TO reviewer_member
    USING (workspace_id = (SELECT workspace_id FROM seat)
           AND (id = (SELECT member_id FROM seat) OR (SELECT is_admin FROM seat)));

CREATE POLICY own ON workspace_key FOR SELECT TO reviewer_member USING (member_id = (SELECT member_id FROM seat));
CREATE POLICY give ON workspace_key FOR INSERT TO reviewer_member
    WITH CHECK ((SELECT is_admin FROM seat) OR member_id = (SELECT member_id FROM seat));
CREATE POLICY destroy ON workspace_key FOR DELETE TO reviewer_member USING ((SELECT is_admin FROM seat));

-- ---- The queue

CREATE POLICY shared ON route FOR SELECT TO reviewer_member
    USING (workspace_id = (SELECT workspace_id FROM seat WHERE at_desk));
CREATE POLICY add ON route FOR INSERT TO reviewer_member
    WITH CHECK (workspace_id = (SELECT workspace_id FROM seat WHERE works));

CREATE POLICY shared ON item FOR SELECT TO reviewer_member
    USING (workspace_id = (SELECT workspace_id FROM seat WHERE at_desk));
CREATE POLICY add ON item FOR INSERT TO reviewer_member
    WITH CHECK (workspace_id = (SELECT workspace_id FROM seat WHERE works));
CREATE POLICY change ON item FOR UPDATE TO reviewer_member
    USING (workspace_id = (SELECT workspace_id FROM seat WHERE works));

-- ---- Content: sealed, and shown for a committed look alone

-- Not for ever: an item that is on a desk is opened again there, and a program reads at once what it took.
CREATE POLICY own ON look FOR SELECT TO reviewer_member
    USING (member_id = (SELECT member_id FROM seat)
           AND at > clock_timestamp() - CASE action WHEN 'opened' THEN interval '12 hours' ELSE interval '15 minutes' END);

CREATE POLICY looked_at ON content FOR SELECT TO reviewer_member
    USING (EXISTS (SELECT FROM look l WHERE l.item_id = content.item_id AND l.action IN ('opened', 'analysed', 'sending')
                   AND pg_xact_status(l.xid) IS DISTINCT FROM 'in progress'));
CREATE POLICY add ON content FOR INSERT TO reviewer_member
    WITH CHECK ((SELECT works FROM seat) AND EXISTS (SELECT FROM item i WHERE i.id = item_id AND i.fence = 0));
CREATE POLICY change ON content FOR UPDATE TO reviewer_member USING (false);  -- destroying its key overwrites it

CREATE POLICY looked_at ON analysis FOR SELECT TO reviewer_member
    USING (EXISTS (SELECT FROM look l WHERE l.item_id = analysis.item_id AND l.action IN ('opened', 'analysed', 'sending')
                   AND pg_xact_status(l.xid) IS DISTINCT FROM 'in progress'));
CREATE POLICY add ON analysis FOR INSERT TO reviewer_member
    WITH CHECK ((SELECT works FROM seat) AND EXISTS (SELECT FROM look l WHERE l.item_id = analysis.item_id AND l.action IN ('opened', 'analysed'))
                AND EXISTS (SELECT FROM unanalysed u WHERE u.item_id = analysis.item_id));
CREATE POLICY again ON analysis FOR DELETE TO reviewer_member
    USING ((SELECT works FROM seat) AND EXISTS (SELECT FROM look l WHERE l.item_id = analysis.item_id AND l.action IN ('opened', 'analysed'))
           AND EXISTS (SELECT FROM unanalysed u WHERE u.item_id = analysis.item_id)
           AND version IS DISTINCT FROM (SELECT r.version FROM analysis_rule r WHERE r.name = analysis.name));
CREATE POLICY shared ON analysis_rule FOR SELECT TO reviewer_member USING (EXISTS (SELECT FROM seat));

CREATE POLICY shared ON unanalysed FOR SELECT TO reviewer_member
    USING (EXISTS (SELECT FROM item i WHERE i.id = item_id));
CREATE POLICY add ON unanalysed FOR INSERT TO reviewer_member
    WITH CHECK ((SELECT works FROM seat) AND EXISTS (SELECT FROM item i WHERE i.id = item_id));
CREATE POLICY change ON unanalysed FOR UPDATE TO reviewer_member
    USING ((SELECT works FROM seat) AND EXISTS (SELECT FROM item i WHERE i.id = item_id));
CREATE POLICY done ON unanalysed FOR DELETE TO reviewer_member  -- by who read it, or where it is over
    USING ((SELECT works FROM seat) AND EXISTS (SELECT FROM item i WHERE i.id = item_id AND (
        i.state IN ('decided', 'erased') OR EXISTS (SELECT FROM look l WHERE l.item_id = i.id AND l.action IN ('opened', 'analysed')))));

CREATE POLICY shared ON rule_off FOR SELECT TO reviewer_member
    USING (workspace_id = (SELECT workspace_id FROM seat WHERE at_desk));
CREATE POLICY switch_off ON rule_off FOR INSERT TO reviewer_member
    WITH CHECK (workspace_id = (SELECT workspace_id FROM seat WHERE is_admin)
                AND member_id = (SELECT s.member_id FROM seat s));
CREATE POLICY switch_on ON rule_off FOR DELETE TO reviewer_member
    USING (workspace_id = (SELECT workspace_id FROM seat WHERE is_admin));

CREATE POLICY shared ON list_key FOR SELECT TO reviewer_member
    USING (workspace_id = (SELECT workspace_id FROM seat WHERE at_desk));
CREATE POLICY add ON list_key FOR INSERT TO reviewer_member
    WITH CHECK (workspace_id = (SELECT workspace_id FROM seat WHERE roles && '{agent,clinician,supervisor,admin}')
                AND name = 'suppressions');
CREATE POLICY rewrap ON list_key FOR UPDATE TO reviewer_member
    USING (workspace_id = (SELECT workspace_id FROM seat WHERE is_admin));

CREATE POLICY shared ON suppression FOR SELECT TO reviewer_member
    USING (workspace_id = (SELECT workspace_id FROM seat WHERE at_desk));
CREATE POLICY add ON suppression FOR INSERT TO reviewer_member
    WITH CHECK (workspace_id = (SELECT workspace_id FROM seat WHERE roles && '{agent,clinician,supervisor,admin}')
                AND member_id = (SELECT s.member_id FROM seat s));
CREATE POLICY lift ON suppression FOR DELETE TO reviewer_member
    USING (workspace_id = (SELECT workspace_id FROM seat WHERE roles && '{supervisor,admin}'));

CREATE POLICY shared ON business_contact FOR SELECT TO reviewer_member
    USING (workspace_id = (SELECT workspace_id FROM seat WHERE at_desk));
CREATE POLICY add ON business_contact FOR INSERT TO reviewer_member
    WITH CHECK (workspace_id = (SELECT workspace_id FROM seat WHERE roles && '{supervisor,admin}')
                AND member_id = (SELECT s.member_id FROM seat s));
CREATE POLICY remove ON business_contact FOR DELETE TO reviewer_member
    USING (workspace_id = (SELECT workspace_id FROM seat WHERE roles && '{supervisor,admin}'));

CREATE POLICY shared ON conversation FOR SELECT TO reviewer_member
    USING (workspace_id = (SELECT workspace_id FROM seat WHERE at_desk));
CREATE POLICY add ON conversation FOR INSERT TO reviewer_member
    WITH CHECK (workspace_id = (SELECT workspace_id FROM seat WHERE works));
CREATE POLICY change ON conversation FOR UPDATE TO reviewer_member
    USING (workspace_id = (SELECT workspace_id FROM seat WHERE works));
CREATE POLICY destroy ON conversation FOR DELETE TO reviewer_member
    USING (workspace_id = (SELECT workspace_id FROM seat WHERE is_admin));

CREATE POLICY shared ON data_key FOR SELECT TO reviewer_member
    USING (EXISTS (SELECT FROM item i WHERE i.id = item_id));
CREATE POLICY add ON data_key FOR INSERT TO reviewer_member
    WITH CHECK ((SELECT works FROM seat) AND EXISTS (SELECT FROM item i WHERE i.id = item_id AND i.fence = 0));
CREATE POLICY rewrap ON data_key FOR UPDATE TO reviewer_member
    USING ((SELECT is_admin FROM seat) AND EXISTS (SELECT FROM item i WHERE i.id = item_id));
CREATE POLICY destroy ON data_key FOR DELETE TO reviewer_member
    USING ((SELECT is_admin FROM seat) AND EXISTS (SELECT FROM item i WHERE i.id = item_id));

CREATE POLICY looked_at ON working_copy FOR SELECT TO reviewer_member
    USING (EXISTS (SELECT FROM item i WHERE i.id = item_id)
           AND (member_id = (SELECT member_id FROM seat)
                OR EXISTS (SELECT FROM look l WHERE l.item_id = working_copy.item_id AND l.action IN ('opened', 'analysed', 'sending')
                           AND pg_xact_status(l.xid) IS DISTINCT FROM 'in progress')));
CREATE POLICY add ON working_copy FOR INSERT TO reviewer_member
    WITH CHECK ((SELECT works FROM seat) AND member_id = (SELECT member_id FROM seat) AND EXISTS (
        SELECT FROM item i JOIN look l ON l.item_id = i.id WHERE i.id = working_copy.item_id AND l.action = 'opened'));
CREATE POLICY change ON working_copy FOR UPDATE TO reviewer_member USING (member_id = (SELECT member_id FROM seat));
CREATE POLICY drop ON working_copy FOR DELETE TO reviewer_member
    USING (member_id = (SELECT member_id FROM seat)
           OR EXISTS (SELECT FROM item i WHERE i.id = item_id AND i.lease_member_id = (SELECT member_id FROM seat)));

CREATE POLICY looked_at ON second_opinion FOR SELECT TO reviewer_member
    USING (EXISTS (SELECT FROM look l WHERE l.item_id = second_opinion.item_id AND l.action IN ('opened', 'analysed', 'sending')
                   AND pg_xact_status(l.xid) IS DISTINCT FROM 'in progress'));
CREATE POLICY add ON second_opinion FOR INSERT TO reviewer_member
    WITH CHECK ((SELECT works FROM seat) AND EXISTS (SELECT FROM item i WHERE i.id = item_id AND (
        member_id = (SELECT s.member_id FROM seat s) OR i.lease_member_id = (SELECT s.member_id FROM seat s)
        OR EXISTS (SELECT FROM look l WHERE l.item_id = i.id AND l.action = 'sending'))));
CREATE POLICY erase ON second_opinion FOR DELETE TO reviewer_member
    USING ((SELECT is_admin FROM seat)
           AND NOT EXISTS (SELECT FROM data_key k WHERE k.item_id = second_opinion.item_id));

-- ---- Decisions and what leaves; their texts are columns that no member may read but through the views below

CREATE POLICY shared ON decision FOR SELECT TO reviewer_member USING (EXISTS (SELECT FROM item i WHERE i.id = item_id));
CREATE POLICY add ON decision FOR INSERT TO reviewer_member
    WITH CHECK ((SELECT works FROM seat) AND member_id = (SELECT s.member_id FROM seat s) AND EXISTS (SELECT FROM item i WHERE i.id = item_id));
CREATE POLICY change ON decision FOR UPDATE TO reviewer_member USING ((SELECT works FROM seat) AND EXISTS (SELECT FROM item i WHERE i.id = item_id));

CREATE POLICY shared ON outbox FOR SELECT TO reviewer_member
    USING (EXISTS (SELECT FROM decision d WHERE d.id = decision_id));
CREATE POLICY add ON outbox FOR INSERT TO reviewer_member
    WITH CHECK ((SELECT works FROM seat) AND EXISTS (SELECT FROM decision d WHERE d.id = decision_id
                        AND d.member_id = (SELECT s.member_id FROM seat s)));
CREATE POLICY change ON outbox FOR UPDATE TO reviewer_member
    USING ((SELECT works FROM seat) AND EXISTS (SELECT FROM decision d WHERE d.id = decision_id));

CREATE OR REPLACE VIEW decision_text WITH (security_barrier) AS
    SELECT d.id, d.item_id, d.final, d.note, d.overrides FROM decision d
    WHERE EXISTS (SELECT FROM seat s WHERE s.login = session_user AND s.removed_at IS NULL AND session_lives(s.seen_at)
                  AND (NOT s.has_factor OR factor_passed())
                  AND s.at_desk AND (d.member_id = s.member_id OR EXISTS (
                      SELECT FROM look l WHERE l.item_id = d.item_id AND l.member_id = s.member_id
                      AND l.action IN ('opened', 'analysed', 'sending') AND l.at > clock_timestamp() - interval '12 hours'
                      AND pg_xact_status(l.xid) IS DISTINCT FROM 'in progress')));

CREATE OR REPLACE VIEW outbox_request WITH (security_barrier) AS
    SELECT o.decision_id, o.request FROM outbox o JOIN decision d ON d.id = o.decision_id
    WHERE EXISTS (SELECT FROM seat s JOIN look l ON l.member_id = s.member_id
                  WHERE s.login = session_user AND s.removed_at IS NULL AND session_lives(s.seen_at)
                  AND (NOT s.has_factor OR factor_passed()) AND s.at_desk
                  AND l.item_id = d.item_id AND l.action = 'sending' AND l.at > clock_timestamp() - interval '15 minutes'
                  AND pg_xact_status(l.xid) IS DISTINCT FROM 'in progress');

CREATE OR REPLACE VIEW own_member WITH (security_barrier) AS
    SELECT m.* FROM member m JOIN seat s ON s.member_id = m.id
    WHERE s.login = session_user AND s.removed_at IS NULL AND session_lives(s.seen_at)
                  AND (NOT s.has_factor OR factor_passed());

-- What a transcriber hears: sealed, and shown for a hearing on record alone, while they have the clip or may still undo.
CREATE OR REPLACE VIEW heard_clip WITH (security_barrier) AS
    SELECT v.id AS serving_id, v.hypothesis, c.sealed_key, c.audio FROM serving v JOIN clip c ON c.id = v.clip_id
    WHERE EXISTS (SELECT FROM seat s JOIN hearing h ON h.member_id = s.member_id
                  WHERE s.login = session_user AND s.removed_at IS NULL AND session_lives(s.seen_at)
                  AND (NOT s.has_factor OR factor_passed()) AND 'transcriber' = ANY (s.roles)
                  AND v.member_id = s.member_id AND h.serving_id = v.id
                  AND pg_xact_status(h.xid) IS DISTINCT FROM 'in progress')
      AND CASE v.state WHEN 'leased' THEN v.lease_expires_at > clock_timestamp() WHEN 'reported' THEN true
                       ELSE v.done_at > clock_timestamp() - interval '1 day' END;

-- ---- The ledger: whoever is at a desk can verify all of it; a transcriber sees who may sign, and their own entries

CREATE POLICY shared ON entry FOR SELECT TO reviewer_member
    USING (actor IN (SELECT id FROM member) AND (SELECT at_desk FROM seat)
           OR actor = (SELECT member_id FROM seat)
           OR ((SELECT member_id FROM seat) IS NOT NULL
               AND action IN ('member_added', 'member_changed', 'member_keys_changed', 'member_removed',
                              'workspace_key_made', 'workspace_made', 'pool_key_made')));
CREATE POLICY add ON entry FOR INSERT TO reviewer_member WITH CHECK (actor = (SELECT member_id FROM seat));

CREATE POLICY shared ON entry_place FOR SELECT TO reviewer_member
    USING ((SELECT at_desk FROM seat) OR EXISTS (SELECT FROM entry e WHERE e.seq = entry_place.seq));
CREATE POLICY shared ON checkpoint FOR SELECT TO reviewer_member USING ((SELECT member_id FROM seat) IS NOT NULL);
CREATE POLICY add ON checkpoint FOR INSERT TO reviewer_member WITH CHECK ((SELECT at_desk FROM seat));

-- ---- The pool: its keepers see where clips come from, a transcriber their own line alone

CREATE POLICY keepers ON vault_key FOR SELECT TO reviewer_member USING ((SELECT roles && '{supervisor,admin}' FROM seat));
CREATE POLICY add ON vault_key FOR INSERT TO reviewer_member WITH CHECK ((SELECT is_admin FROM seat));
CREATE POLICY rewrap ON vault_key FOR UPDATE TO reviewer_member USING ((SELECT is_admin FROM seat));
CREATE POLICY destroy ON vault_key FOR DELETE TO reviewer_member USING ((SELECT is_admin FROM seat));
CREATE POLICY keepers ON vault_door FOR SELECT TO reviewer_member USING ((SELECT roles && '{supervisor,admin}' FROM seat));
CREATE POLICY add ON vault_door FOR INSERT TO reviewer_member WITH CHECK ((SELECT is_admin FROM seat));

CREATE POLICY shared ON pool_policy FOR SELECT TO reviewer_member
    USING (workspace_id = (SELECT s.workspace_id FROM seat s WHERE s.roles && '{transcriber,supervisor,admin}'));
CREATE POLICY add ON pool_policy FOR INSERT TO reviewer_member
    WITH CHECK (workspace_id = (SELECT s.workspace_id FROM seat s WHERE s.is_admin));
CREATE POLICY change ON pool_policy FOR UPDATE TO reviewer_member
    USING (workspace_id = (SELECT s.workspace_id FROM seat s WHERE s.is_admin));

CREATE POLICY keepers ON call FOR SELECT TO reviewer_member
    USING (workspace_id = (SELECT s.workspace_id FROM seat s WHERE s.roles && '{supervisor,admin}'));
CREATE POLICY add ON call FOR INSERT TO reviewer_member
    WITH CHECK (workspace_id = (SELECT s.workspace_id FROM seat s WHERE s.is_admin));
CREATE POLICY change ON call FOR UPDATE TO reviewer_member
    USING (workspace_id = (SELECT s.workspace_id FROM seat s WHERE s.is_admin));
CREATE POLICY keepers ON staged_clip FOR SELECT TO reviewer_member USING (EXISTS (SELECT FROM call c WHERE c.id = call_id));
CREATE POLICY add ON staged_clip FOR INSERT TO reviewer_member
    WITH CHECK ((SELECT is_admin FROM seat) AND EXISTS (SELECT FROM call c WHERE c.id = call_id));
CREATE POLICY drop ON staged_clip FOR DELETE TO reviewer_member
    USING ((SELECT is_admin FROM seat) AND EXISTS (SELECT FROM call c WHERE c.id = call_id));

CREATE POLICY own ON hearing FOR SELECT TO reviewer_member USING (member_id = (SELECT member_id FROM seat));
CREATE POLICY heard ON clip FOR SELECT TO reviewer_member
    USING ((SELECT roles && '{supervisor,admin}' FROM seat)
           OR EXISTS (SELECT FROM serving s JOIN hearing h ON h.serving_id = s.id
                      WHERE s.clip_id = clip.id AND s.member_id = (SELECT v.member_id FROM seat v WHERE v.roles && '{transcriber}')
                        AND pg_xact_status(h.xid) IS DISTINCT FROM 'in progress'));
CREATE POLICY add ON clip FOR INSERT TO reviewer_member WITH CHECK ((SELECT is_admin FROM seat));
CREATE POLICY withdraw ON clip FOR UPDATE TO reviewer_member
    USING ((SELECT roles && '{transcriber,admin}' FROM seat));
CREATE POLICY keepers ON clip_origin FOR SELECT TO reviewer_member USING ((SELECT roles && '{supervisor,admin}' FROM seat));
CREATE POLICY add ON clip_origin FOR INSERT TO reviewer_member WITH CHECK ((SELECT is_admin FROM seat));

CREATE POLICY own ON serving FOR SELECT TO reviewer_member
    USING (member_id = (SELECT s.member_id FROM seat s WHERE s.roles && '{transcriber}')
           OR (SELECT roles && '{supervisor,admin}' FROM seat));
CREATE POLICY add ON serving FOR INSERT TO reviewer_member WITH CHECK ((SELECT is_admin FROM seat));
CREATE POLICY change ON serving FOR UPDATE TO reviewer_member
    USING (member_id = (SELECT s.member_id FROM seat s WHERE s.roles && '{transcriber}') OR (SELECT is_admin FROM seat));
CREATE POLICY drop ON serving FOR DELETE TO reviewer_member USING ((SELECT is_admin FROM seat) AND state = 'ready');

CREATE POLICY own ON label_draft FOR SELECT TO reviewer_member USING (EXISTS (SELECT FROM serving v WHERE v.id = serving_id));
CREATE POLICY add ON label_draft FOR INSERT TO reviewer_member
    WITH CHECK (EXISTS (SELECT FROM serving v WHERE v.id = serving_id AND v.member_id = (SELECT m.member_id FROM seat m WHERE m.roles && '{transcriber}')));
CREATE POLICY change ON label_draft FOR UPDATE TO reviewer_member
    USING (EXISTS (SELECT FROM serving v WHERE v.id = serving_id AND v.member_id = (SELECT m.member_id FROM seat m WHERE m.roles && '{transcriber}')));
CREATE POLICY drop ON label_draft FOR DELETE TO reviewer_member
    USING ((SELECT is_admin FROM seat)
           OR EXISTS (SELECT FROM serving v WHERE v.id = serving_id AND v.member_id = (SELECT m.member_id FROM seat m WHERE m.roles && '{transcriber}')));

CREATE POLICY own ON label FOR SELECT TO reviewer_member USING (EXISTS (SELECT FROM serving v WHERE v.id = serving_id));
CREATE POLICY add ON label FOR INSERT TO reviewer_member
    WITH CHECK (EXISTS (SELECT FROM serving v WHERE v.id = serving_id AND v.member_id = (SELECT m.member_id FROM seat m WHERE m.roles && '{transcriber}')));
CREATE POLICY close ON label FOR UPDATE TO reviewer_member USING ((SELECT is_admin FROM seat));
CREATE POLICY take_back ON label FOR DELETE TO reviewer_member
    USING (EXISTS (SELECT FROM serving v WHERE v.id = serving_id AND v.member_id = (SELECT m.member_id FROM seat m WHERE m.roles && '{transcriber}')));

CREATE POLICY keepers ON opt_out FOR SELECT TO reviewer_member USING ((SELECT roles && '{supervisor,admin}' FROM seat));
CREATE POLICY add ON opt_out FOR INSERT TO reviewer_member WITH CHECK ((SELECT is_admin FROM seat));
CREATE POLICY keepers ON label_export FOR SELECT TO reviewer_member
    USING ((SELECT roles && '{supervisor,admin}' FROM seat));
CREATE POLICY add ON label_export FOR INSERT TO reviewer_member WITH CHECK ((SELECT is_admin FROM seat));

-- Sealed to its holder, so that nobody else can open it; who holds one may seal it to somebody who came later.
CREATE POLICY holders ON pool_key FOR SELECT TO reviewer_member
    USING ((SELECT roles && '{transcriber,supervisor,admin}' FROM seat));
CREATE POLICY add ON pool_key FOR INSERT TO reviewer_member
    WITH CHECK ((SELECT roles && '{transcriber,admin}' FROM seat));
CREATE POLICY drop ON pool_key FOR DELETE TO reviewer_member  -- one that does not open, so that it is sealed anew
    USING (member_id = (SELECT s.member_id FROM seat s WHERE s.roles && '{transcriber}'));

-- ---- The guards

CREATE TRIGGER guard BEFORE INSERT ON entry FOR EACH ROW EXECUTE FUNCTION guard_entry();
CREATE CONSTRAINT TRIGGER whole AFTER INSERT ON entry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_entry();
CREATE TRIGGER never BEFORE UPDATE OR DELETE OR TRUNCATE ON entry FOR EACH STATEMENT EXECUTE FUNCTION never();
CREATE TRIGGER never BEFORE UPDATE OR DELETE OR TRUNCATE ON entry_place FOR EACH STATEMENT EXECUTE FUNCTION never();
CREATE TRIGGER guard BEFORE INSERT ON route FOR EACH ROW EXECUTE FUNCTION guard_route();
CREATE CONSTRAINT TRIGGER whole AFTER INSERT ON route DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_route();
CREATE TRIGGER guard BEFORE INSERT ON checkpoint FOR EACH ROW EXECUTE FUNCTION guard_checkpoint();
CREATE TRIGGER never BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoint FOR EACH STATEMENT EXECUTE FUNCTION never();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON item FOR EACH ROW EXECUTE FUNCTION guard_item();
CREATE CONSTRAINT TRIGGER whole AFTER UPDATE ON item DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.state <> OLD.state OR NEW.fence <> OLD.fence) EXECUTE FUNCTION whole_item();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON decision FOR EACH ROW EXECUTE FUNCTION guard_decision();
CREATE CONSTRAINT TRIGGER whole AFTER INSERT ON decision DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_decision();
CREATE CONSTRAINT TRIGGER whole_step AFTER UPDATE ON decision DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.state <> OLD.state) EXECUTE FUNCTION whole_step();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON outbox FOR EACH ROW EXECUTE FUNCTION guard_outbox();
CREATE CONSTRAINT TRIGGER whole AFTER UPDATE ON outbox DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.state IN ('sending', 'sent', 'failed') OR (NEW.state = 'forgotten' AND OLD.state <> 'forgotten')) EXECUTE FUNCTION whole_outbox();
CREATE CONSTRAINT TRIGGER whole AFTER INSERT OR DELETE ON suppression DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_suppression();
CREATE CONSTRAINT TRIGGER whole AFTER INSERT ON list_key DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_pool('suppressed');
CREATE CONSTRAINT TRIGGER whole AFTER INSERT OR DELETE ON business_contact DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_pool('policy_changed');
CREATE CONSTRAINT TRIGGER whole AFTER INSERT OR DELETE ON rule_off DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_pool('policy_changed');
CREATE TRIGGER forget AFTER INSERT OR DELETE ON suppression FOR EACH ROW EXECUTE FUNCTION forget_gate();
CREATE TRIGGER forget AFTER INSERT OR DELETE ON business_contact FOR EACH ROW EXECUTE FUNCTION forget_gate();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON unanalysed FOR EACH ROW EXECUTE FUNCTION guard_unanalysed();
CREATE CONSTRAINT TRIGGER whole AFTER UPDATE ON unanalysed DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_taking();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON working_copy FOR EACH ROW EXECUTE FUNCTION guard_sealed();
CREATE TRIGGER guard_sealed BEFORE INSERT ON second_opinion FOR EACH ROW EXECUTE FUNCTION guard_sealed();
CREATE TRIGGER guard BEFORE INSERT ON analysis FOR EACH ROW EXECUTE FUNCTION guard_sealed();
CREATE TRIGGER guard_sealed BEFORE INSERT ON decision FOR EACH ROW EXECUTE FUNCTION guard_sealed();
CREATE CONSTRAINT TRIGGER whole_new AFTER INSERT ON vault_key DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_pool('call_added', 'pool_key_made', 'opted_out', 'policy_changed');
CREATE TRIGGER guard BEFORE INSERT ON second_opinion FOR EACH ROW EXECUTE FUNCTION guard_second_opinion();
CREATE CONSTRAINT TRIGGER whole AFTER INSERT ON second_opinion DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_opinion();
CREATE CONSTRAINT TRIGGER whole AFTER DELETE ON working_copy DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_opinion();
CREATE CONSTRAINT TRIGGER whole_gone AFTER DELETE ON conversation DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_forgetting();
CREATE TRIGGER guard BEFORE UPDATE ON conversation FOR EACH ROW EXECUTE FUNCTION guard_conversation();
CREATE CONSTRAINT TRIGGER whole AFTER INSERT OR UPDATE ON conversation DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_conversation();
CREATE CONSTRAINT TRIGGER whole_rewrap AFTER UPDATE ON data_key DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_pool('data_keys_rewrapped');
CREATE CONSTRAINT TRIGGER whole_rewrap AFTER UPDATE ON list_key DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_pool('data_keys_rewrapped');
CREATE CONSTRAINT TRIGGER whole_rewrap AFTER UPDATE ON vault_key DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_pool('data_keys_rewrapped');
CREATE CONSTRAINT TRIGGER whole AFTER INSERT OR DELETE ON workspace_key DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_workspace_key();
CREATE CONSTRAINT TRIGGER whole_new AFTER INSERT ON item DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_new_item();
CREATE TRIGGER guard BEFORE INSERT ON workspace FOR EACH ROW EXECUTE FUNCTION guard_workspace();
CREATE TRIGGER seat AFTER INSERT OR UPDATE ON member FOR EACH ROW EXECUTE FUNCTION seat_member();
CREATE CONSTRAINT TRIGGER whole AFTER INSERT OR UPDATE ON member DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_member();
CREATE CONSTRAINT TRIGGER whole AFTER UPDATE ON seat DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.removed_at IS DISTINCT FROM OLD.removed_at) EXECUTE FUNCTION whole_removal();
CREATE TRIGGER guard BEFORE INSERT OR DELETE ON workspace_key FOR EACH ROW EXECUTE FUNCTION guard_workspace_key();
CREATE TRIGGER destroy AFTER DELETE ON workspace_key FOR EACH ROW EXECUTE FUNCTION destroy_generation();
CREATE TRIGGER guard_wrapped BEFORE INSERT OR UPDATE OF generation ON data_key FOR EACH ROW EXECUTE FUNCTION guard_wrapped();
CREATE TRIGGER guard_wrapped BEFORE INSERT OR UPDATE OF generation ON list_key FOR EACH ROW EXECUTE FUNCTION guard_wrapped();
CREATE TRIGGER guard_wrapped BEFORE INSERT OR UPDATE OF generation ON conversation FOR EACH ROW EXECUTE FUNCTION guard_wrapped();
CREATE TRIGGER guard_wrapped BEFORE INSERT OR UPDATE OF generation ON vault_key FOR EACH ROW EXECUTE FUNCTION guard_wrapped();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON data_key FOR EACH ROW EXECUTE FUNCTION guard_data_key();
CREATE TRIGGER erase AFTER DELETE ON data_key FOR EACH ROW EXECUTE FUNCTION erase_content();
CREATE CONSTRAINT TRIGGER whole AFTER INSERT OR DELETE ON factor DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_factor();
CREATE CONSTRAINT TRIGGER whole AFTER DELETE ON data_key DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_erasure();
CREATE TRIGGER guard BEFORE UPDATE ON serving FOR EACH ROW EXECUTE FUNCTION guard_serving();
CREATE CONSTRAINT TRIGGER whole AFTER UPDATE ON serving DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.state <> OLD.state OR NEW.lease_id IS DISTINCT FROM OLD.lease_id) EXECUTE FUNCTION whole_serving();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON label FOR EACH ROW EXECUTE FUNCTION guard_answer();
CREATE CONSTRAINT TRIGGER whole AFTER DELETE ON label DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_taking_back();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON label_draft FOR EACH ROW EXECUTE FUNCTION guard_label_draft();
CREATE TRIGGER guard BEFORE INSERT ON pool_key FOR EACH ROW EXECUTE FUNCTION guard_pool_key();
CREATE TRIGGER guard BEFORE UPDATE ON clip FOR EACH ROW EXECUTE FUNCTION guard_clip();
CREATE TRIGGER withdraw AFTER UPDATE ON clip FOR EACH ROW
    WHEN (OLD.state = 'live' AND NEW.state = 'withdrawn') EXECUTE FUNCTION withdraw_clip();
CREATE CONSTRAINT TRIGGER whole AFTER INSERT OR UPDATE ON pool_policy DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_pool('policy_changed');
CREATE CONSTRAINT TRIGGER whole AFTER INSERT ON pool_key DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_pool('pool_key_made');
CREATE CONSTRAINT TRIGGER whole AFTER INSERT ON call DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_pool('call_added');
CREATE CONSTRAINT TRIGGER whole AFTER INSERT ON clip DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_pool('clips_released');
CREATE CONSTRAINT TRIGGER whole_new AFTER INSERT ON serving DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_pool('clips_assigned');
CREATE CONSTRAINT TRIGGER whole AFTER INSERT ON opt_out DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_pool('opted_out');
CREATE CONSTRAINT TRIGGER whole AFTER INSERT ON label_export DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_pool('labels_exported');
CREATE TRIGGER guard BEFORE UPDATE ON vault_key FOR EACH ROW EXECUTE FUNCTION guard_vault_key();
CREATE CONSTRAINT TRIGGER whole AFTER DELETE ON vault_key DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_call_erasure();
CREATE TRIGGER guard BEFORE INSERT ON vault_door FOR EACH ROW EXECUTE FUNCTION guard_vault_door();
CREATE CONSTRAINT TRIGGER whole AFTER INSERT ON vault_door DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION whole_pool('pool_key_made');
CREATE CONSTRAINT TRIGGER whole_withdrawal AFTER UPDATE ON clip DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION whole_pool('clips_withdrawn', 'opted_out', 'erased', 'clip_reported', 'call_added');
CREATE CONSTRAINT TRIGGER whole_drop AFTER DELETE ON serving DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION whole_pool('clips_withdrawn', 'opted_out', 'erased', 'clip_reported', 'call_added');
CREATE CONSTRAINT TRIGGER whole_step AFTER UPDATE ON call DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION whole_pool('call_added', 'call_built', 'call_stopped', 'clips_withdrawn', 'opted_out', 'erased');
