-- What readers of the database see without knowing of layers, on SQLite and PostgreSQL alike; `docs/store.md` explains
-- each. One statement ends at a line of two dashes and a semicolon. `::jsonb` is left out on SQLite.

-- The stretches of history that a session stands on: a layer holds its steps behind `after`, up to `upto`. The layer of
-- the seed rows comes last; a session that never went on from a step of another has it and one more.
CREATE VIEW session_stretch AS
WITH RECURSIVE stretch(session, layer, parent, base, upto) AS (
    SELECT s.id, l.id, l.parent, l.base, coalesce((SELECT max(n) FROM step WHERE layer = l.id), l.base)
    FROM session s JOIN layer l ON l.id = s.layer
    UNION ALL
    SELECT t.session, l.id, l.parent, l.base, CASE WHEN t.base < t.upto THEN t.base ELSE t.upto END
    FROM stretch t JOIN layer l ON l.id = t.parent
)
SELECT session, layer, CASE WHEN parent IS NULL THEN -1 ELSE base END AS after, upto FROM stretch
--;

-- The steps of every session.
CREATE VIEW session_step AS
SELECT t.session, s.n, s.at, s.tool, s.is_error, s.changes, s.body::jsonb AS body
FROM session_stretch t JOIN step s ON s.layer = t.layer AND s.n > t.after AND s.n <= t.upto
WHERE s.n > 0
--;

-- The rows of every session as of its last step: of each, the nearest and latest version that the session's layer sees.
CREATE VIEW current_row AS
SELECT h.session, v.entity, v.key, v.body::jsonb AS body
FROM (SELECT s.id AS session, s.layer, coalesce((SELECT max(n) FROM step WHERE layer = l.id), l.base) AS head
      FROM session s JOIN layer l ON l.id = s.layer) h
JOIN ancestry a ON a.layer = h.layer
JOIN version v ON v.layer = a.ancestor AND v.step <= a.upto AND v.step <= h.head
WHERE v.body IS NOT NULL AND (
    SELECT 1 FROM ancestry b
    JOIN version w ON w.layer = b.ancestor AND w.entity = v.entity AND w.key = v.key AND w.step <= b.upto AND w.step <= h.head
                  AND w.step > CASE WHEN b.depth < a.depth THEN -1 ELSE v.step END
    WHERE b.layer = h.layer AND b.depth <= a.depth LIMIT 1) IS NULL
--;

-- Every row of every session with its past: what it was before and after step `n` (0: the seed), and until which step
-- it stayed so; null: to this day.
CREATE VIEW row_history AS
SELECT t.session, v.entity, v.key, v.step AS n, v.op,
       lag(v.body) OVER past ::jsonb AS before, v.body::jsonb AS after, lead(v.step) OVER past AS until
FROM session_stretch t JOIN version v ON v.layer = t.layer AND v.step > t.after AND v.step <= t.upto
WINDOW past AS (PARTITION BY t.session, v.entity, v.key ORDER BY v.step)
--;
