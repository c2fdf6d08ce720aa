-- A store as schema version 3 made it, with a little in it. Only ever read by the test of the migration.
PRAGMA journal_mode=WAL;
BEGIN TRANSACTION;
PRAGMA application_id=1735542083;
PRAGMA user_version=3;
CREATE TABLE bundle (
    path TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    revision INTEGER NOT NULL,
    created_us INTEGER NOT NULL,
    flag TEXT,
    PRIMARY KEY (path)
) WITHOUT ROWID, STRICT;
CREATE TABLE edge (
    src INTEGER NOT NULL,
    relation_id INTEGER NOT NULL,
    dst INTEGER NOT NULL,
    weight REAL NOT NULL,
    PRIMARY KEY (src, relation_id, dst),
    FOREIGN KEY(src) REFERENCES node (id),
    FOREIGN KEY(relation_id) REFERENCES relation (id)
) WITHOUT ROWID, STRICT;
INSERT INTO "edge" VALUES(1,1,2,1.0);
CREATE TABLE edge_in (
    dst INTEGER NOT NULL,
    relation_id INTEGER NOT NULL,
    src INTEGER NOT NULL,
    PRIMARY KEY (dst, relation_id, src),
    FOREIGN KEY(dst) REFERENCES node (id)
) WITHOUT ROWID, STRICT;
INSERT INTO "edge_in" VALUES(2,1,1);
CREATE TABLE erasure (
    id INTEGER NOT NULL,
    requested_us INTEGER NOT NULL,
    finished_us INTEGER,
    PRIMARY KEY (id)
) STRICT;
CREATE TABLE interaction (
    user INTEGER NOT NULL,
    item INTEGER NOT NULL,
    kind_id INTEGER NOT NULL,
    time INTEGER NOT NULL,
    weight REAL,
    PRIMARY KEY (user, item, kind_id, time),
    FOREIGN KEY(user) REFERENCES node (id),
    FOREIGN KEY(item) REFERENCES node (id),
    FOREIGN KEY(kind_id) REFERENCES kind (id)
) WITHOUT ROWID, STRICT;
INSERT INTO "interaction" VALUES(3,1,6,5,NULL);
CREATE TABLE kind (
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    weight REAL NOT NULL CHECK (weight >= 0),
    PRIMARY KEY (id),
    UNIQUE (name)
) STRICT;
INSERT INTO "kind" VALUES(1,'view',0.2);
INSERT INTO "kind" VALUES(2,'click',0.2);
INSERT INTO "kind" VALUES(3,'save',0.5);
INSERT INTO "kind" VALUES(4,'rate',1.0);
INSERT INTO "kind" VALUES(5,'cart',0.7);
INSERT INTO "kind" VALUES(6,'cook',1.0);
INSERT INTO "kind" VALUES(7,'like',1.0);
INSERT INTO "kind" VALUES(8,'buy',1.0);
INSERT INTO "kind" VALUES(9,'interact',1.0);
CREATE TABLE node (
    id INTEGER NOT NULL,
    type_id INTEGER NOT NULL,
    ext TEXT NOT NULL,
    name TEXT,
    revision INTEGER NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (type_id, ext),
    FOREIGN KEY(type_id) REFERENCES node_type (id)
) STRICT;
INSERT INTO "node" VALUES(1,1,'soup','Soup',1);
INSERT INTO "node" VALUES(2,2,'salt',NULL,1);
INSERT INTO "node" VALUES(3,4,'ann',NULL,1);
CREATE TABLE node_property (
    node_id INTEGER NOT NULL,
    key_id INTEGER NOT NULL,
    number REAL,
    text TEXT,
    PRIMARY KEY (node_id, key_id),
    CHECK ((number IS NULL) <> (text IS NULL)),
    FOREIGN KEY(node_id) REFERENCES node (id),
    FOREIGN KEY(key_id) REFERENCES property_key (id)
) WITHOUT ROWID, STRICT;
CREATE TABLE node_type (
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    role TEXT,
    PRIMARY KEY (id),
    CHECK (role IN ('user', 'item')),
    UNIQUE (name)
) STRICT;
INSERT INTO "node_type" VALUES(1,'recipe','item');
INSERT INTO "node_type" VALUES(2,'ingredient',NULL);
INSERT INTO "node_type" VALUES(3,'meal',NULL);
INSERT INTO "node_type" VALUES(4,'user','user');
CREATE TABLE preference (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    user INTEGER NOT NULL,
    node_type TEXT NOT NULL,
    ext TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('like', 'dislike', 'diet', 'allergy')),
    utterance TEXT NOT NULL,
    time INTEGER NOT NULL,
    UNIQUE (user, node_type, ext, kind),
    FOREIGN KEY(user) REFERENCES node (id)
) STRICT;
INSERT INTO "preference" VALUES(1,3,'ingredient','milk','dislike','no milk, please',7);
CREATE TABLE property_key (
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name)
) STRICT;
CREATE TABLE relation (
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    src_type INTEGER NOT NULL,
    dst_type INTEGER NOT NULL,
    inverse TEXT,
    feature INTEGER DEFAULT 1 NOT NULL CHECK (feature IN (0, 1)),
    PRIMARY KEY (id),
    UNIQUE (name),
    FOREIGN KEY(src_type) REFERENCES node_type (id),
    FOREIGN KEY(dst_type) REFERENCES node_type (id),
    UNIQUE (inverse)
) STRICT;
INSERT INTO "relation" VALUES(1,'contains',1,2,'contained_in',1);
INSERT INTO "relation" VALUES(2,'part_of_meal',1,3,NULL,0);
CREATE TABLE snapshot (
    path TEXT NOT NULL,
    name TEXT NOT NULL,
    revision INTEGER NOT NULL,
    created_us INTEGER NOT NULL,
    holds_erased INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    PRIMARY KEY (path)
) WITHOUT ROWID, STRICT;
CREATE TABLE state (
    id INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    salt BLOB NOT NULL,
    created_us INTEGER NOT NULL,
    PRIMARY KEY (id),
    CHECK (id = 1)
) STRICT;
INSERT INTO "state" VALUES(1,1,X'4579C6DA96B231FF1AF0EB70DE8B9E9024EB95BAFD4DCFB8CBB23EFCCBAA661D',1795261820480201);
CREATE TABLE tombstone (
    hash BLOB NOT NULL,
    added_revision INTEGER NOT NULL,
    erased_revision INTEGER NOT NULL,
    erased_us INTEGER NOT NULL,
    PRIMARY KEY (hash)
) WITHOUT ROWID, STRICT;
CREATE INDEX interaction_by_item ON interaction (item);
COMMIT;
