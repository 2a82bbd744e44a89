"""Compares a SQLite file with what psql finds in PostgreSQL, cell by cell. It shares nothing with pgdeck.

compare.py FILE SCHEMA: connects by the PG environment; prints {"cells": n, "differences": [[table, row, column, sqlite, pg]]}.
"""
import json
import sqlite3
import subprocess
import sys
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
WORDS = {"true": True, "t": True, "yes": True, "y": True, "on": True, "1": True,
         "false": False, "f": False, "no": False, "n": False, "off": False, "0": False}
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def psql(sql):
    done = subprocess.run(["psql", "-X", "-q", "-c", sql], capture_output=True, check=True)
    rows = done.stdout.decode("utf-8").split("\n")[:-1]
    return [[unescaped(cell) for cell in row.split("\t")] for row in rows]


def unescaped(cell):
    if cell == "\\N":
        return None
    out, at = [], 0
    while at < len(cell):
        if cell[at] == "\\":
            at += 1
            out.append(ESCAPES.get(cell[at], cell[at]))
        else:
            out.append(cell[at])
        at += 1
    return "".join(out)


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def moment(value):
    if isinstance(value, str):
        text = value.strip().replace("Z", "+00:00")
        try:
            value = float(text)
        except ValueError:
            found = datetime.fromisoformat(text)
            return found if found.tzinfo else found.replace(tzinfo=timezone.utc)
    if isinstance(value, float) and 2415020 < value < 2488070:
        # a Julian day, to the millisecond
        return EPOCH + timedelta(milliseconds=round((value - 2440587.5) * 86400000))
    unit = 1 if abs(value) < 1e10 else 1000 if abs(value) < 1e13 else 1000000
    return EPOCH + timedelta(microseconds=round(value * (1000000 // unit)))


def same(value, text, kind):
    """Whether a cell of SQLite and a text of PostgreSQL are the same value of a type."""
    if value is None or text is None:
        return value is None and text is None
    if isinstance(value, bytes) and kind != "bytea":
        value = str(UUID(bytes=value)) if kind == "uuid" else value.decode("utf-8")
    if kind in ("bigint", "integer", "smallint"):
        return int(value) == int(text)
    if kind in ("double precision", "real"):
        return float(value) == float(text)
    if kind.startswith("numeric"):
        return Decimal(value if isinstance(value, str) else repr(value)) == Decimal(text)
    if kind == "boolean":
        return WORDS[str(value).strip().lower()] == (text == "t")
    if kind == "bytea":
        return (value.encode("utf-8") if isinstance(value, str) else value) == bytes.fromhex(text[2:])
    if kind == "uuid":
        return UUID(value) == UUID(text)
    if kind == "jsonb" and isinstance(value, float):
        return value == float(text)
    if kind == "jsonb":
        return (json.loads(value) if isinstance(value, str) else value) == json.loads(text)
    if kind == "timestamp with time zone":
        return moment(value) == moment(text + ":00" if text[-3] in "+-" else text)
    if kind == "date":
        return date.fromisoformat(value.strip()[:10]) == date.fromisoformat(text)
    if kind.startswith("time "):
        return time.fromisoformat(value.strip()) == time.fromisoformat(text)
    if isinstance(value, float):
        return value == float(text)
    return str(value) == text


def readable(bytes_):
    # what is no UTF-8 is no text of anybody
    return bytes_.decode("utf-8", "surrogateescape")


def compare(file, schema):
    source = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    source.text_factory = readable
    tables = sorted(name for name, kind in source.execute(
        "SELECT name, type FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'") if kind == "table")
    cells, differences = 0, []
    for table in tables:
        info = [row for row in source.execute("SELECT * FROM pragma_table_xinfo(?) WHERE hidden <> 1", (table,))]
        names = [row[1] for row in info]
        keys = [row[1] for row in sorted(info, key=lambda row: row[5]) if row[5] > 0]
        without = source.execute("SELECT wr FROM pragma_table_list WHERE name = ?", (table,)).fetchone()[0]
        relation = f"{quoted(schema)}.{quoted(table)}"
        kinds = psql(f"""COPY (SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
            WHERE attrelid = {literal(relation)}::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum) TO STDOUT""")
        if len(kinds) != len(names):
            differences.append([table, 0, "columns", str(names), str(kinds)])
            continue
        order = ", ".join(map(quoted, keys)) if without else "rowid"
        mine = source.execute(f"SELECT {', '.join(map(quoted, names))} FROM {quoted(table)} ORDER BY {order}").fetchall()
        listed = ", ".join(quoted(name) for name, _ in kinds)
        theirs = psql(f"SET timezone = 'UTC'; COPY (SELECT {listed} FROM {relation} ORDER BY ctid) TO STDOUT")
        if len(mine) != len(theirs):
            differences.append([table, 0, "rows", str(len(mine)), str(len(theirs))])
            continue
        for nr, (row, there) in enumerate(zip(mine, theirs), 1):
            for name, (_, kind), value, text in zip(names, kinds, row, there):
                cells += 1
                try:
                    equal = same(value, text, kind)
                except (ValueError, KeyError, ArithmeticError, TypeError):
                    equal = False
                if not equal:
                    differences.append([table, nr, name, ascii(value), text])
    return {"cells": cells, "tables": len(tables), "differences": differences}


print(json.dumps(compare(sys.argv[1], sys.argv[2])))
