"""The tables of a project file, and how a file of an older Cairn becomes one of this.

SQL only: opens nothing. A change of a table is a new entry of `MIGRATIONS`, never an edit of an old one.
"""

APPLICATION_ID = 0x4341524E
"""What SQLite keeps in the header of a project file: the letters CARN."""

_FIRST = """
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL              -- JSON
) WITHOUT ROWID;

CREATE TABLE scheme (
    ndim INTEGER PRIMARY KEY CHECK (ndim IN (2, 3)),
    value TEXT NOT NULL              -- JSON of core's Scheme
);

CREATE TABLE reader (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('person', 'model')),
    UNIQUE (name, kind)
);

CREATE TABLE model (
    id INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    path BLOB,                       -- text, or bytes where the name is no UTF-8
    parent_sha256 TEXT NOT NULL DEFAULT '',
    added TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT ''
);

CREATE TABLE cases (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    path BLOB NOT NULL,              -- text relative to the project's folder or absolute; bytes where it is no UTF-8
    series TEXT NOT NULL DEFAULT '', -- a digest that tells which series of a folder
    sha256 TEXT NOT NULL DEFAULT '',
    geometry TEXT NOT NULL DEFAULT '',
    patient_group TEXT NOT NULL DEFAULT '',
    split TEXT NOT NULL DEFAULT '',
    excluded INTEGER NOT NULL DEFAULT 0,
    done INTEGER,                    -- NULL while nobody has said whether it is
    problem TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    view TEXT NOT NULL DEFAULT '',
    state INTEGER NOT NULL DEFAULT 0,
    to_check INTEGER NOT NULL DEFAULT 0,
    worst_radius REAL,
    reader TEXT NOT NULL DEFAULT '',
    UNIQUE (path, series)
);
CREATE INDEX cases_sha256 ON cases (sha256) WHERE sha256 != '';
CREATE INDEX cases_name ON cases (name COLLATE NOCASE);
CREATE INDEX cases_state ON cases (excluded, state);
CREATE INDEX cases_to_check ON cases (to_check);
CREATE INDEX cases_worst_radius ON cases (worst_radius);

CREATE TABLE names (
    id INTEGER PRIMARY KEY,
    value TEXT NOT NULL UNIQUE       -- JSON list of landmark names
);

CREATE TABLE reading (
    id INTEGER PRIMARY KEY,
    case_id INTEGER NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
    reader_id INTEGER NOT NULL REFERENCES reader (id),
    uuid TEXT NOT NULL UNIQUE,
    created TEXT NOT NULL,
    changed TEXT NOT NULL,
    seconds REAL NOT NULL DEFAULT 0,
    geometry TEXT NOT NULL,
    names_id INTEGER NOT NULL REFERENCES names (id),
    positions BLOB NOT NULL,         -- little-endian float64, landmarks by axes
    figures BLOB NOT NULL,           -- little-endian float32: presence, spread, radius
    states TEXT NOT NULL,            -- a letter for each landmark
    authors TEXT NOT NULL,
    locked TEXT NOT NULL DEFAULT '', -- JSON list of landmark names
    UNIQUE (case_id, reader_id)
);
CREATE INDEX reading_reader ON reading (reader_id);

CREATE TABLE edit (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL,
    reading_id INTEGER NOT NULL REFERENCES reading (id) ON DELETE CASCADE,
    at TEXT NOT NULL,
    text TEXT NOT NULL,
    before TEXT NOT NULL,            -- JSON: what the edit replaced, of the landmarks it changed
    UNIQUE (reading_id, uuid)        -- readings that parted have their beginning in common
);
"""

_MEASUREMENTS = """
CREATE TABLE free_measurement (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    case_id INTEGER NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
    reader_id INTEGER NOT NULL REFERENCES reader (id),
    kind TEXT NOT NULL CHECK (kind IN ('distance', 'angle')),
    points TEXT NOT NULL,            -- JSON list of positions, LPS mm or px on the geometry
    geometry TEXT NOT NULL,
    created TEXT NOT NULL,
    changed TEXT NOT NULL
);
CREATE INDEX free_measurement_case ON free_measurement (case_id);
CREATE INDEX free_measurement_reader ON free_measurement (reader_id);

CREATE TABLE analysis (
    name TEXT PRIMARY KEY,
    ndim INTEGER NOT NULL CHECK (ndim IN (2, 3)),
    value TEXT NOT NULL,             -- TOML, as its author wrote it
    changed TEXT NOT NULL
) WITHOUT ROWID;
"""

_LEARNING = """
ALTER TABLE model ADD COLUMN ndim INTEGER NOT NULL DEFAULT 2;
ALTER TABLE model ADD COLUMN comparison TEXT NOT NULL DEFAULT ''; -- JSON: how it did beside the one it went on from
ALTER TABLE model ADD COLUMN waits INTEGER NOT NULL DEFAULT 0;    -- whether a person has still to decide about it

CREATE TABLE model_in_use (
    ndim INTEGER PRIMARY KEY CHECK (ndim IN (2, 3)),
    model_id INTEGER NOT NULL REFERENCES model (id) ON DELETE CASCADE
);
"""

MIGRATIONS = (_FIRST, _MEASUREMENTS, _LEARNING)
"""What takes a file from version ``i`` to ``i + 1``; an empty file has version 0."""

VERSION = len(MIGRATIONS)
"""The ``user_version`` of project files that this Cairn writes."""
