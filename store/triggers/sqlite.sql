-- The guards of the memory, on SQLite. One statement ends at a line of two dashes and a semicolon. CROSS JOIN keeps
-- the order of the tables as it is written, which is the order in which they are looked up by primary key.
--
-- Whoever holds a connection may send any INSERT, UPDATE and DELETE, with any conflict clause; so every insert looks for
-- the row that it might replace, and what the database derives by itself is written only in a state that no statement
-- leaves behind: rows of `pending` while a version has none yet, `entry` and `tally` while a step and its opening both
-- stand. RAISE(ABORT) undoes the whole statement whatever its conflict clause says.

-- A version says create, update or delete, and says so truthfully; its key is the one in its body; fields are named once
-- and plainly, so that every reader finds the same value; immutable fields stay. What a layer writes to stand in for
-- those that it leaves out is compared with them as a whole.
CREATE TRIGGER version_insert BEFORE INSERT ON version BEGIN
    SELECT RAISE(ABORT, 'rows are written only inside a step')
    WHERE NOT EXISTS (SELECT 1 FROM opening WHERE layer = NEW.layer AND n = NEW.step);
    SELECT RAISE(ABORT, 'a row changes once in a step')
    WHERE EXISTS (SELECT 1 FROM version
                  WHERE layer = NEW.layer AND entity = NEW.entity AND key = NEW.key AND step = NEW.step);
    SELECT RAISE(ABORT, 'a key is a text of 1 to 256 characters')
    WHERE typeof(NEW.key) <> 'text' OR length(NEW.key) NOT BETWEEN 1 AND 256 OR instr(NEW.key, char(0));
    SELECT RAISE(ABORT, 'a delete has no body, everything else has a JSON object')
    WHERE NEW.op NOT IN ('create', 'update', 'delete') OR (NEW.op = 'delete') <> (NEW.body IS NULL)
       OR CASE WHEN NEW.body IS NULL THEN 0 WHEN typeof(NEW.body) <> 'text' THEN 1 WHEN NOT json_valid(NEW.body) THEN 1
               ELSE json_type(NEW.body) <> 'object' END;
    SELECT RAISE(ABORT, 'a row names each field once')
    WHERE NEW.body IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(NEW.body) GROUP BY key HAVING count(*) > 1);
    SELECT RAISE(ABORT, 'a row names its fields plainly')
    WHERE instr(NEW.body, '\') AND EXISTS (
        SELECT 1 FROM json_each(NEW.body) e
        WHERE instr(e.fullkey, '\') AND e.key NOT GLOB '*["\' || char(1) || '-' || char(31) || ']*');
    SELECT RAISE(ABORT, 'the world has no such entity')
    WHERE NOT EXISTS (SELECT 1 FROM layer CROSS JOIN rule ON rule.world = layer.world
                      WHERE layer.id = NEW.layer AND rule.entity = NEW.entity AND rule.field = '');
    SELECT RAISE(ABORT, 'the key of a row is the one in its body')
    FROM layer CROSS JOIN rule ON rule.world = layer.world AND rule.entity = NEW.entity AND rule.field = ''
    WHERE layer.id = NEW.layer AND NEW.body IS NOT NULL AND NEW.key IS NOT CASE
        WHEN json_type(NEW.body, rule.paths) = 'text' THEN NEW.body ->> rule.paths
        WHEN json_type(NEW.body, rule.paths) IN ('integer', 'real')
         AND NEW.body ->> rule.paths = CAST(NEW.body ->> rule.paths AS INTEGER)
         AND (typeof(NEW.body ->> rule.paths) = 'integer' OR abs(NEW.body ->> rule.paths) < 9007199254740992)
        THEN CAST(CAST(NEW.body ->> rule.paths AS INTEGER) AS TEXT) END;
    SELECT RAISE(ABORT, 'a create needs a new key, an update or delete an existing row')
    WHERE (NEW.op = 'create') = coalesce((
        SELECT v.op <> 'delete'
        FROM ancestry a CROSS JOIN version v ON v.layer = a.ancestor AND v.entity = NEW.entity AND v.key = NEW.key AND v.step <= a.upto
        WHERE a.layer = NEW.layer ORDER BY a.depth, v.step DESC LIMIT 1), 0);
    SELECT RAISE(ABORT, 'an immutable field never changes')
    FROM layer CROSS JOIN rule ON rule.world = layer.world AND rule.entity = NEW.entity AND rule.field >= '=' AND rule.field < '>'
    CROSS JOIN (
        SELECT v.body
        FROM ancestry a CROSS JOIN version v ON v.layer = a.ancestor AND v.entity = NEW.entity AND v.key = NEW.key AND v.step <= a.upto
        WHERE a.layer = NEW.layer ORDER BY a.depth, v.step DESC LIMIT 1) before
    WHERE layer.id = NEW.layer AND NEW.op = 'update' AND rule.kind = 'immutable' AND NOT (layer.skip > 0 AND NEW.step = layer.base)
      AND coalesce(NEW.body -> rule.paths, 'null') <> coalesce(before.body -> rule.paths, 'null')
      AND (EXISTS (SELECT fullkey, replace(type, 'real', 'integer'), atom FROM json_tree(coalesce(NEW.body -> rule.paths, 'null')) EXCEPT
                   SELECT fullkey, replace(type, 'real', 'integer'), atom FROM json_tree(coalesce(before.body -> rule.paths, 'null')))
        OR EXISTS (SELECT fullkey, replace(type, 'real', 'integer'), atom FROM json_tree(coalesce(before.body -> rule.paths, 'null')) EXCEPT
                   SELECT fullkey, replace(type, 'real', 'integer'), atom FROM json_tree(coalesce(NEW.body -> rule.paths, 'null'))));
END
--;
CREATE TRIGGER version_inserted AFTER INSERT ON version BEGIN
    INSERT INTO pending VALUES (NEW.layer, NEW.entity, NEW.key, NEW.op);
END
--;
CREATE TRIGGER pending_insert BEFORE INSERT ON pending BEGIN
    SELECT RAISE(ABORT, 'the rows of an open step are noted by the database')
    WHERE EXISTS (SELECT 1 FROM pending WHERE layer = NEW.layer AND entity = NEW.entity AND key = NEW.key)
       OR NOT EXISTS (SELECT 1 FROM opening o CROSS JOIN version v
                      ON v.layer = o.layer AND v.entity = NEW.entity AND v.key = NEW.key AND v.step = o.n
                      WHERE o.layer = NEW.layer AND v.op = NEW.op);
END
--;

-- The insert of a step closes it: its number follows, and its versions are all there.
CREATE TRIGGER step_insert BEFORE INSERT ON step BEGIN
    SELECT RAISE(ABORT, 'a step is there already') WHERE EXISTS (SELECT 1 FROM step WHERE rowid = NEW.rowid);
    SELECT RAISE(ABORT, 'another process committed this step first')
    WHERE NOT EXISTS (
        SELECT 1 FROM layer l
        WHERE l.id = NEW.layer AND (l.parent IS NOT NULL OR NEW.n = 0)
          AND NEW.n = coalesce((SELECT max(n) + 1 FROM step WHERE layer = l.id), l.base + (l.parent IS NOT NULL AND l.skip = 0)));
    SELECT RAISE(ABORT, 'another process is writing this step')
    WHERE NEW.changes = 0 AND EXISTS (SELECT 1 FROM opening WHERE layer = NEW.layer);
    SELECT RAISE(ABORT, 'a step tells the clock and the id counters after it')
    WHERE CASE json_valid(NEW.state) WHEN 1 THEN json_type(NEW.state, '$.clock') IS NOT 'integer' OR json_type(NEW.state, '$.counters') IS NOT 'object' ELSE 1 END;
END
--;
CREATE TRIGGER step_numbered AFTER INSERT ON step WHEN NEW.rowid < 1 BEGIN
    SELECT RAISE(ABORT, 'a step is numbered from 1');
END
--;
CREATE TRIGGER step_insert_changes BEFORE INSERT ON step WHEN NEW.changes <> 0 BEGIN
    SELECT RAISE(ABORT, 'a step holds the rows that were written for it, no more and no fewer')
    WHERE NEW.changes <> (SELECT count(*) FROM pending WHERE layer = NEW.layer)
       OR NOT EXISTS (SELECT 1 FROM opening WHERE layer = NEW.layer AND n = NEW.n);
END
--;
-- A layer that leaves out others begins with what they amount to.
CREATE TRIGGER step_insert_consolidated BEFORE INSERT ON step
WHEN EXISTS (SELECT 1 FROM layer WHERE id = NEW.layer AND skip > 0 AND base = NEW.n) BEGIN
    SELECT RAISE(ABORT, 'a layer that leaves out others holds what they amount to')
    FROM layer l CROSS JOIN (
        SELECT v.entity, v.key
        FROM layer l CROSS JOIN ancestry a ON a.layer = l.parent AND a.depth < l.skip
        CROSS JOIN version v ON v.layer = a.ancestor AND v.step <= a.upto AND v.step <= l.base
        WHERE l.id = NEW.layer
        UNION SELECT entity, key FROM pending WHERE layer = NEW.layer) touched
    WHERE l.id = NEW.layer AND (
        SELECT v.body
        FROM ancestry a CROSS JOIN version v ON v.layer = a.ancestor AND v.entity = touched.entity AND v.key = touched.key AND v.step <= a.upto
        WHERE a.layer = l.id ORDER BY a.depth, v.step DESC LIMIT 1) IS NOT (
        SELECT v.body
        FROM ancestry a CROSS JOIN version v ON v.layer = a.ancestor AND v.entity = touched.entity AND v.key = touched.key AND v.step <= a.upto
        WHERE a.layer = l.parent AND v.step <= l.base ORDER BY a.depth, v.step DESC LIMIT 1);
END
--;
-- Then its rows are counted and, one by one, indexed and checked; all of them can be seen by now.
CREATE TRIGGER step_inserted AFTER INSERT ON step WHEN NEW.changes <> 0 BEGIN
    INSERT INTO tally
    SELECT NEW.layer, p.entity, NEW.n, sum((p.op = 'create') - (p.op = 'delete')) + coalesce((
        SELECT t.rows FROM ancestry a CROSS JOIN tally t ON t.layer = a.ancestor AND t.entity = p.entity AND t.step <= a.upto
        WHERE a.layer = NEW.layer ORDER BY a.depth, t.step DESC LIMIT 1), 0)
    FROM pending p WHERE p.layer = NEW.layer AND p.op <> 'update' GROUP BY p.entity;
    DELETE FROM pending WHERE layer = NEW.layer;
    DELETE FROM opening WHERE layer = NEW.layer;
END
--;
CREATE TRIGGER pending_deleted_row AFTER DELETE ON pending
WHEN OLD.op = 'delete' AND EXISTS (SELECT 1 FROM opening o CROSS JOIN step s ON s.layer = o.layer AND s.n = o.n WHERE o.layer = OLD.layer) BEGIN
    SELECT RAISE(ABORT, 'a deleted row is still referred to')
    FROM layer CROSS JOIN rule r ON r.world = layer.world AND r.kind = 'reference' AND r.target = OLD.entity
    CROSS JOIN ancestry a ON a.layer = OLD.layer
    CROSS JOIN entry e ON e.layer = a.ancestor AND e.entity = r.entity AND e.field = r.field AND e.value = OLD.key AND e.step <= a.upto
    WHERE layer.id = OLD.layer AND NOT EXISTS (
        SELECT 1 FROM ancestry b CROSS JOIN version w ON w.layer = b.ancestor AND w.entity = e.entity AND w.key = e.key AND w.step <= b.upto
                          AND w.step > CASE WHEN b.depth < a.depth THEN -1 ELSE e.step END
        WHERE b.layer = OLD.layer AND b.depth <= a.depth);
END
--;
-- The index holds every value found at the path of a reference or filter, lists walked through: texts as they are, whole
-- numbers without a fraction, `?field` for a plain null; and for every unique group without a null, its values as JSON.
CREATE TRIGGER pending_deleted AFTER DELETE ON pending
WHEN OLD.op <> 'delete' AND EXISTS (SELECT 1 FROM opening o CROSS JOIN step s ON s.layer = o.layer AND s.n = o.n WHERE o.layer = OLD.layer) BEGIN
    INSERT INTO entry
    SELECT OLD.layer, OLD.entity, CASE w.type WHEN 'null' THEN '?' || w.field ELSE w.field END,
           CASE WHEN w.type = 'null' THEN ''
                WHEN w.type = 'text' AND w.kind = 'reference' THEN w.value
                WHEN w.type = 'text' THEN substr(w.value, 1, 256)
                WHEN typeof(w.value) IN ('integer', 'real') AND w.type IN ('integer', 'real')
                 AND w.value = CAST(w.value AS INTEGER) AND (w.kind = 'filter' OR typeof(w.value) = 'integer' OR abs(w.value) < 9007199254740992)
                THEN CAST(CAST(w.value AS INTEGER) AS TEXT)
                WHEN w.kind = 'reference' THEN ''
                WHEN w.type IN ('true', 'false') THEN w.type
                ELSE substr(w.value, 1, 256) END,
           OLD.key, w.n
    FROM (
        WITH RECURSIVE walk(n, field, kind, is_plain, rest, type, value) AS (
            SELECT v.step, r.field, r.kind, substr(r.paths, 1, 1) = '$',
                   CASE substr(r.paths, 1, 1) WHEN '[' THEN r.paths END,
                   CASE substr(r.paths, 1, 1) WHEN '[' THEN 'object' ELSE coalesce(json_type(v.body, r.paths), 'null') END,
                   CASE substr(r.paths, 1, 1) WHEN '[' THEN v.body ELSE v.body ->> r.paths END
            FROM opening o CROSS JOIN version v ON v.layer = o.layer AND v.entity = OLD.entity AND v.key = OLD.key AND v.step = o.n
            CROSS JOIN layer l ON l.id = o.layer
            CROSS JOIN rule r ON r.world = l.world AND r.entity = OLD.entity
            WHERE o.layer = OLD.layer AND r.kind IN ('reference', 'filter')
            UNION ALL
            SELECT w.n, w.field, w.kind, 0,
                   CASE w.type WHEN 'array' THEN w.rest ELSE nullif(json_remove(w.rest, '$[0]'), '[]') END, e.type, e.value
            FROM walk w CROSS JOIN json_each(CASE WHEN w.type = 'array' OR (w.type = 'object' AND w.rest IS NOT NULL) THEN w.value ELSE '[]' END) e
            WHERE w.type = 'array' OR e.key = w.rest ->> '$[0]'
        )
        SELECT * FROM walk WHERE rest IS NULL AND type <> 'array' AND (type <> 'null' OR is_plain)
    ) w
    WHERE true
    ON CONFLICT DO NOTHING;
    SELECT RAISE(ABORT, 'a unique field holds a text, a number or a boolean')
    FROM opening o CROSS JOIN version v ON v.layer = o.layer AND v.entity = OLD.entity AND v.key = OLD.key AND v.step = o.n
    CROSS JOIN layer l ON l.id = o.layer
    CROSS JOIN rule r ON r.world = l.world AND r.entity = OLD.entity AND r.field >= '!' AND r.field < '"'
    WHERE o.layer = OLD.layer AND r.kind = 'unique'
      AND EXISTS (SELECT 1 FROM json_each(r.paths) p WHERE json_type(v.body, p.value) IN ('array', 'object'));
    INSERT INTO entry
    SELECT OLD.layer, OLD.entity, r.field,
           (SELECT json_group_array(CASE
                WHEN json_type(v.body, p.value) IN ('true', 'false') THEN json(json_type(v.body, p.value))
                WHEN json_type(v.body, p.value) = 'text' THEN v.body ->> p.value
                WHEN v.body ->> p.value = CAST(v.body ->> p.value AS INTEGER) THEN CAST(v.body ->> p.value AS INTEGER)
                ELSE json(printf('%!.17g', v.body ->> p.value)) END) FROM json_each(r.paths) p),
           OLD.key, v.step
    FROM opening o CROSS JOIN version v ON v.layer = o.layer AND v.entity = OLD.entity AND v.key = OLD.key AND v.step = o.n
    CROSS JOIN layer l ON l.id = o.layer
    CROSS JOIN rule r ON r.world = l.world AND r.entity = OLD.entity AND r.field >= '!' AND r.field < '"'
    WHERE o.layer = OLD.layer AND r.kind = 'unique'
      AND NOT EXISTS (SELECT 1 FROM json_each(r.paths) p WHERE (v.body ->> p.value) IS NULL)
    ON CONFLICT DO NOTHING;
END
--;
CREATE TRIGGER entry_insert BEFORE INSERT ON entry BEGIN
    SELECT RAISE(ABORT, 'the index is written by the database')
    WHERE NOT EXISTS (SELECT 1 FROM opening o CROSS JOIN step s ON s.layer = o.layer AND s.n = o.n WHERE o.layer = NEW.layer AND o.n = NEW.step);
    SELECT RAISE(ABORT, 'dangling reference')
    FROM layer CROSS JOIN rule r ON r.world = layer.world AND r.entity = NEW.entity AND r.field = NEW.field
    WHERE layer.id = NEW.layer AND r.kind = 'reference' AND coalesce((
        SELECT v.op = 'delete'
        FROM ancestry a CROSS JOIN version v ON v.layer = a.ancestor AND v.entity = r.target AND v.key = NEW.value AND v.step <= a.upto
        WHERE a.layer = NEW.layer ORDER BY a.depth, v.step DESC LIMIT 1), 1);
END
--;
CREATE TRIGGER entry_insert_unique BEFORE INSERT ON entry WHEN NEW.field GLOB '!*' BEGIN
    SELECT RAISE(ABORT, 'two rows hold the same unique value')
    FROM ancestry a CROSS JOIN entry e ON e.layer = a.ancestor AND e.entity = NEW.entity AND e.field = NEW.field
                                      AND e.value = NEW.value AND e.step <= a.upto
    WHERE a.layer = NEW.layer AND e.key <> NEW.key AND NOT EXISTS (
        SELECT 1 FROM ancestry b CROSS JOIN version w ON w.layer = b.ancestor AND w.entity = e.entity AND w.key = e.key AND w.step <= b.upto
                          AND w.step > CASE WHEN b.depth < a.depth THEN -1 ELSE e.step END
        WHERE b.layer = NEW.layer AND b.depth <= a.depth);
END
--;
CREATE TRIGGER tally_insert BEFORE INSERT ON tally
WHEN NOT EXISTS (SELECT 1 FROM opening o CROSS JOIN step s ON s.layer = o.layer AND s.n = o.n WHERE o.layer = NEW.layer AND o.n = NEW.step) BEGIN
    SELECT RAISE(ABORT, 'tallies are kept by the database');
END
--;

-- One step of a layer is open at a time, the next one. What an opening that never became a step has left behind goes
-- with it.
CREATE TRIGGER opening_insert BEFORE INSERT ON opening BEGIN
    SELECT RAISE(ABORT, 'another process has opened a step of this layer')
    WHERE EXISTS (SELECT 1 FROM opening WHERE layer = NEW.layer);
    SELECT RAISE(ABORT, 'another process committed this step first')
    WHERE NOT EXISTS (
        SELECT 1 FROM layer l
        WHERE l.id = NEW.layer AND (l.parent IS NOT NULL OR NEW.n = 0)
          AND NEW.n = coalesce((SELECT max(n) + 1 FROM step WHERE layer = l.id), l.base + (l.parent IS NOT NULL AND l.skip = 0)));
END
--;
CREATE TRIGGER opening_update BEFORE UPDATE ON opening BEGIN SELECT RAISE(ABORT, 'an opening never changes'); END
--;
CREATE TRIGGER opening_deleted AFTER DELETE ON opening
WHEN NOT EXISTS (SELECT 1 FROM step WHERE layer = OLD.layer AND n = OLD.n) BEGIN
    DELETE FROM version WHERE (layer, entity, key, step) IN (SELECT layer, entity, key, OLD.n FROM pending WHERE layer = OLD.layer);
    DELETE FROM pending WHERE layer = OLD.layer;
END
--;
CREATE TRIGGER pending_update BEFORE UPDATE ON pending BEGIN
    SELECT RAISE(ABORT, 'the rows of an open step are noted by the database');
END
--;
CREATE TRIGGER pending_delete BEFORE DELETE ON pending
WHEN EXISTS (SELECT 1 FROM layer WHERE id = OLD.layer)
 AND EXISTS (SELECT 1 FROM opening o WHERE o.layer = OLD.layer AND NOT EXISTS (SELECT 1 FROM step WHERE layer = o.layer AND n = o.n)) BEGIN
    SELECT RAISE(ABORT, 'the rows of an open step are noted by the database');
END
--;

-- History stays as it is, for as long as its layer is there.
CREATE TRIGGER version_update BEFORE UPDATE ON version BEGIN SELECT RAISE(ABORT, 'a version never changes'); END
--;
CREATE TRIGGER version_delete BEFORE DELETE ON version
WHEN EXISTS (SELECT 1 FROM layer WHERE id = OLD.layer)
 AND (EXISTS (SELECT 1 FROM step WHERE layer = OLD.layer AND n = OLD.step) OR EXISTS (SELECT 1 FROM opening WHERE layer = OLD.layer)) BEGIN
    SELECT RAISE(ABORT, 'a version stays while its layer is there');
END
--;
CREATE TRIGGER entry_update BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'the index is written by the database'); END
--;
CREATE TRIGGER entry_delete BEFORE DELETE ON entry WHEN EXISTS (SELECT 1 FROM layer WHERE id = OLD.layer) BEGIN
    SELECT RAISE(ABORT, 'the index is written by the database');
END
--;
CREATE TRIGGER tally_update BEFORE UPDATE ON tally BEGIN SELECT RAISE(ABORT, 'tallies are kept by the database'); END
--;
CREATE TRIGGER tally_delete BEFORE DELETE ON tally WHEN EXISTS (SELECT 1 FROM layer WHERE id = OLD.layer) BEGIN
    SELECT RAISE(ABORT, 'tallies are kept by the database');
END
--;
CREATE TRIGGER step_update BEFORE UPDATE ON step BEGIN SELECT RAISE(ABORT, 'a step never changes'); END
--;
CREATE TRIGGER step_delete BEFORE DELETE ON step WHEN EXISTS (SELECT 1 FROM layer WHERE id = OLD.layer) BEGIN
    SELECT RAISE(ABORT, 'a step stays while its layer is there');
END
--;

-- A layer sees itself, and what its parent saw at the step from which it goes on; that never changes. It goes, with all
-- that it holds, when nothing stands on it.
CREATE TRIGGER layer_insert BEFORE INSERT ON layer BEGIN
    SELECT RAISE(ABORT, 'a layer is there already') WHERE EXISTS (SELECT 1 FROM layer WHERE id = NEW.id);
    SELECT RAISE(ABORT, 'only the layer of the seed rows has no parent')
    WHERE NEW.parent IS NULL AND (NEW.base <> 0 OR NEW.skip <> 0 OR EXISTS (SELECT 1 FROM layer WHERE world = NEW.world)
                                  OR NOT EXISTS (SELECT 1 FROM world WHERE id = NEW.world));
    SELECT RAISE(ABORT, 'a layer goes on from a layer of the same world')
    WHERE NEW.parent IS NOT NULL AND NOT EXISTS (SELECT 1 FROM layer WHERE id = NEW.parent AND world = NEW.world);
    SELECT RAISE(ABORT, 'a layer goes on from a step that is there')
    WHERE NEW.parent IS NOT NULL AND NOT EXISTS (SELECT 1 FROM step WHERE layer = NEW.parent AND n = NEW.base)
      AND NOT EXISTS (SELECT 1 FROM layer WHERE id = NEW.parent AND base = NEW.base AND parent IS NOT NULL AND skip = 0);
    SELECT RAISE(ABORT, 'a layer never leaves out the seed rows')
    WHERE NEW.parent IS NOT NULL AND NEW.skip NOT BETWEEN 0 AND (SELECT max(depth) FROM ancestry WHERE layer = NEW.parent);
END
--;
CREATE TRIGGER layer_inserted AFTER INSERT ON layer BEGIN
    SELECT RAISE(ABORT, 'a layer is numbered from 1') WHERE NEW.id < 1;
    INSERT INTO ancestry VALUES (NEW.id, 0, NEW.id, 4611686018427387904);
    INSERT INTO ancestry
    SELECT NEW.id, depth + 1 - NEW.skip, ancestor, min(upto, NEW.base) FROM ancestry
    WHERE layer = NEW.parent AND depth >= NEW.skip;
END
--;
CREATE TRIGGER layer_update BEFORE UPDATE ON layer BEGIN SELECT RAISE(ABORT, 'a layer never changes'); END
--;
CREATE TRIGGER layer_delete BEFORE DELETE ON layer
WHEN EXISTS (SELECT 1 FROM layer WHERE parent = OLD.id)
  OR EXISTS (SELECT 1 FROM session WHERE layer = OLD.id)
  OR EXISTS (SELECT 1 FROM snapshot WHERE layer = OLD.id) BEGIN
    SELECT RAISE(ABORT, 'another layer, a session or a snapshot stands on this layer');
END
--;
CREATE TRIGGER layer_deleted AFTER DELETE ON layer BEGIN
    DELETE FROM opening WHERE layer = OLD.id;
    DELETE FROM pending WHERE layer = OLD.id;
    DELETE FROM ancestry WHERE layer = OLD.id;
    DELETE FROM entry WHERE layer = OLD.id;
    DELETE FROM tally WHERE layer = OLD.id;
    DELETE FROM version WHERE layer = OLD.id;
    DELETE FROM step WHERE layer = OLD.id;
END
--;
CREATE TRIGGER ancestry_insert BEFORE INSERT ON ancestry BEGIN
    SELECT RAISE(ABORT, 'ancestry never changes')
    WHERE EXISTS (SELECT 1 FROM ancestry WHERE layer = NEW.layer AND depth = NEW.depth);
    SELECT RAISE(ABORT, 'a layer sees itself first, then what its parent saw')
    WHERE NOT EXISTS (
        SELECT 1 FROM layer l LEFT JOIN ancestry p ON p.layer = l.parent AND p.depth = NEW.depth - 1 + l.skip
        WHERE l.id = NEW.layer
          AND CASE NEW.depth WHEN 0 THEN NEW.ancestor = NEW.layer AND NEW.upto = 4611686018427387904
              ELSE NEW.depth > 0 AND p.ancestor = NEW.ancestor AND NEW.upto = min(p.upto, l.base) END);
END
--;
CREATE TRIGGER ancestry_update BEFORE UPDATE ON ancestry BEGIN SELECT RAISE(ABORT, 'ancestry never changes'); END
--;
CREATE TRIGGER ancestry_delete BEFORE DELETE ON ancestry WHEN EXISTS (SELECT 1 FROM layer WHERE id = OLD.layer) BEGIN
    SELECT RAISE(ABORT, 'ancestry never changes');
END
--;

-- The rules of a world are read out of its definition, which never changes. What is added are fields to find rows by.
CREATE TRIGGER world_insert BEFORE INSERT ON world
WHEN EXISTS (SELECT 1 FROM world WHERE id = NEW.id OR fingerprint = NEW.fingerprint) BEGIN
    SELECT RAISE(ABORT, 'another world has this id or definition');
END
--;
CREATE TRIGGER world_inserted AFTER INSERT ON world BEGIN
    INSERT INTO rule
    SELECT NEW.id, e.key, '', 'key', NULL, '$."' || (e.value ->> 'key') || '"'
    FROM json_each(NEW.body, '$.packs') p CROSS JOIN json_each(p.value, '$.entities') e;
    INSERT INTO rule
    SELECT NEW.id, e.key, r.key, 'reference', r.value ->> 'to',
           CASE WHEN instr(r.key, '.') THEN '["' || replace(r.key, '.', '","') || '"]' ELSE '$."' || r.key || '"' END
    FROM json_each(NEW.body, '$.packs') p CROSS JOIN json_each(p.value, '$.entities') e
    CROSS JOIN json_each(e.value, '$.references') r;
    INSERT INTO rule
    SELECT NEW.id, e.key, (SELECT '!' || group_concat(f.value, ',') FROM json_each(u.value) f), 'unique', NULL,
           (SELECT json_group_array('$."' || f.value || '"') FROM json_each(u.value) f)
    FROM json_each(NEW.body, '$.packs') p CROSS JOIN json_each(p.value, '$.entities') e
    CROSS JOIN json_each(e.value, '$.unique') u;
    INSERT INTO rule
    SELECT NEW.id, e.key, '=' || i.value, 'immutable', NULL, '$."' || i.value || '"'
    FROM json_each(NEW.body, '$.packs') p CROSS JOIN json_each(p.value, '$.entities') e
    CROSS JOIN json_each(e.value, '$.immutable') i;
END
--;
CREATE TRIGGER world_update BEFORE UPDATE ON world BEGIN SELECT RAISE(ABORT, 'a world never changes'); END
--;
CREATE TRIGGER world_delete BEFORE DELETE ON world
WHEN EXISTS (SELECT 1 FROM layer WHERE world = OLD.id) OR EXISTS (SELECT 1 FROM session WHERE world = OLD.id) BEGIN
    SELECT RAISE(ABORT, 'another layer or a session stands in this world');
END
--;
CREATE TRIGGER world_deleted AFTER DELETE ON world BEGIN DELETE FROM rule WHERE world = OLD.id; END
--;
CREATE TRIGGER rule_insert BEFORE INSERT ON rule BEGIN
    SELECT RAISE(ABORT, 'the rules of a world never change')
    WHERE EXISTS (SELECT 1 FROM layer WHERE world = NEW.world) OR NOT EXISTS (SELECT 1 FROM world WHERE id = NEW.world)
       OR EXISTS (SELECT 1 FROM rule WHERE world = NEW.world AND entity = NEW.entity AND field = NEW.field);
    SELECT RAISE(ABORT, 'the name of a field that is guarded holds a quote, a backslash or a control character, or begins with one of !=?')
    WHERE NEW.field GLOB '*["\' || char(1) || '-' || char(31) || ']*'
       OR (NEW.kind IN ('reference', 'filter') AND NEW.field GLOB '[!=?]*');
END
--;
CREATE TRIGGER rule_update BEFORE UPDATE ON rule BEGIN SELECT RAISE(ABORT, 'the rules of a world never change'); END
--;
CREATE TRIGGER rule_delete BEFORE DELETE ON rule WHEN EXISTS (SELECT 1 FROM world WHERE id = OLD.world) BEGIN
    SELECT RAISE(ABORT, 'the rules of a world never change');
END
--;

-- A session stands on a layer of its own, of its own world; a snapshot on a step of that world.
CREATE TRIGGER session_insert BEFORE INSERT ON session BEGIN
    SELECT RAISE(ABORT, 'another session has this id or layer')
    WHERE EXISTS (SELECT 1 FROM session WHERE id = NEW.id OR layer = NEW.layer);
    SELECT RAISE(ABORT, 'a session stands on a layer of its own world')
    WHERE NOT EXISTS (SELECT 1 FROM layer WHERE id = NEW.layer AND world = NEW.world AND parent IS NOT NULL
                      AND (skip = 0 OR EXISTS (SELECT 1 FROM step WHERE layer = NEW.layer)));
END
--;
CREATE TRIGGER session_update BEFORE UPDATE ON session BEGIN
    SELECT RAISE(ABORT, 'a session keeps its world and its seed') WHERE NEW.world <> OLD.world OR NEW.seed <> OLD.seed;
    SELECT RAISE(ABORT, 'another session has this id or layer')
    WHERE EXISTS (SELECT 1 FROM session WHERE (id = NEW.id AND NEW.id <> OLD.id) OR (layer = NEW.layer AND NEW.layer <> OLD.layer));
    SELECT RAISE(ABORT, 'a session stands on a layer of its own world')
    WHERE NOT EXISTS (SELECT 1 FROM layer WHERE id = NEW.layer AND world = NEW.world AND parent IS NOT NULL
                      AND (skip = 0 OR EXISTS (SELECT 1 FROM step WHERE layer = NEW.layer)));
END
--;
CREATE TRIGGER session_updated AFTER UPDATE OF id ON session BEGIN
    UPDATE snapshot SET session = NEW.id WHERE session = OLD.id;
END
--;
CREATE TRIGGER session_deleted AFTER DELETE ON session BEGIN DELETE FROM snapshot WHERE session = OLD.id; END
--;
CREATE TRIGGER snapshot_insert BEFORE INSERT ON snapshot BEGIN
    SELECT RAISE(ABORT, 'another snapshot of this session has this name')
    WHERE EXISTS (SELECT 1 FROM snapshot WHERE session = NEW.session AND name = NEW.name);
    SELECT RAISE(ABORT, 'a snapshot names a step of its session''s world')
    WHERE NOT EXISTS (
        SELECT 1 FROM session s CROSS JOIN layer l ON l.world = s.world
        WHERE s.id = NEW.session AND l.id = NEW.layer
          AND ((l.base = NEW.n AND l.parent IS NOT NULL AND l.skip = 0) OR EXISTS (SELECT 1 FROM step WHERE layer = l.id AND n = NEW.n)));
END
--;
CREATE TRIGGER snapshot_update BEFORE UPDATE ON snapshot BEGIN
    SELECT RAISE(ABORT, 'a snapshot never changes')
    WHERE NEW.name <> OLD.name OR NEW.layer <> OLD.layer OR NEW.n <> OLD.n
       OR NOT EXISTS (SELECT 1 FROM session WHERE id = NEW.session) OR EXISTS (SELECT 1 FROM session WHERE id = OLD.session AND OLD.session <> NEW.session);
END
--;

-- The version of the schema only grows.
CREATE TRIGGER store_insert BEFORE INSERT ON store WHEN EXISTS (SELECT 1 FROM store) BEGIN
    SELECT RAISE(ABORT, 'the schema has one version');
END
--;
CREATE TRIGGER store_update BEFORE UPDATE ON store WHEN NEW.version <= OLD.version BEGIN
    SELECT RAISE(ABORT, 'the schema has one version, which only grows');
END
--;
CREATE TRIGGER store_delete BEFORE DELETE ON store BEGIN SELECT RAISE(ABORT, 'the schema has one version'); END
--;
