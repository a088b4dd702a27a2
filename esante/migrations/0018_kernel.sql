-- Why the clock is doubted: at most one row, from when it was found until somebody confirms the time.

CREATE TABLE clock_freeze (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    why      TEXT NOT NULL CHECK (why IN ('jumped', 'behind', 'long_absence')),
    seconds  INTEGER NOT NULL,
    found_at TEXT NOT NULL
) STRICT;
