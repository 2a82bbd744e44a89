import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Format } from '../../src/ops/migrate/files/migration.ts';

/** A migration before it is written in a tool's way. */
export interface Sketch {
  readonly name: string;
  readonly up: string;
  readonly down: string;
  /** It cannot run in a transaction, and the tool has to be told. */
  readonly alone?: boolean;
}

/** Ten migrations with everything that is hard to cut. */
export const TEN: readonly Sketch[] = [
  {
    name: 'create_users',
    up: `CREATE TABLE users (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email text NOT NULL, -- a comment; with a semicolon
  note text DEFAULT 'it''s; fine'
);
INSERT INTO users (email) VALUES ('a@example.com'), ('b@example.com');`,
    down: 'DROP TABLE users;',
  },
  {
    name: 'add_mood',
    up: `CREATE TYPE mood AS ENUM ('sad', 'ok');
ALTER TABLE users ADD COLUMN mood mood;`,
    down: 'ALTER TABLE users DROP COLUMN mood;\nDROP TYPE mood;',
  },
  {
    name: 'touch_function',
    up: `/* a block comment; /* nested; */ with semicolons */
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  -- it stays; inside
  NEW.note := $$a; b$$ || 'c;';
  RETURN NEW;
END;
$body$;
CREATE TRIGGER touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();`,
    down: 'DROP TRIGGER touch ON users;\nDROP FUNCTION touch();',
  },
  {
    name: 'happy',
    up: `ALTER TYPE mood ADD VALUE 'happy';`,
    down: `-- a value cannot be dropped: it stays
SELECT 1;`,
  },
  {
    name: '注文_表',
    up: `CREATE TABLE "注文" ("番号" int PRIMARY KEY, "備考" text DEFAULT '無し；;');
COMMENT ON TABLE "注文" IS '订单; 주문 🛒';`,
    down: 'DROP TABLE "注文";',
  },
  {
    name: 'index_email',
    alone: true,
    up: 'CREATE INDEX CONCURRENTLY users_email ON users (email);',
    down: 'DROP INDEX CONCURRENTLY users_email;',
  },
  {
    name: 'atomic_function',
    up: `CREATE FUNCTION add(a int, b int) RETURNS int LANGUAGE sql
BEGIN ATOMIC
  SELECT a;
  SELECT a + b;
END;
CREATE VIEW sums AS SELECT add(1, 2) AS three;`,
    down: 'DROP VIEW sums;\nDROP FUNCTION add(int, int);',
  },
  {
    name: 'two_indexes',
    alone: true,
    up: `CREATE INDEX CONCURRENTLY users_note ON users (note);
CREATE INDEX CONCURRENTLY users_mood ON users (mood) WHERE mood = 'happy';`,
    down: 'DROP INDEX CONCURRENTLY users_mood;\nDROP INDEX CONCURRENTLY users_note;',
  },
  {
    name: 'rule_and_do',
    up: `CREATE TABLE log (what text);
CREATE RULE log_delete AS ON DELETE TO users DO (INSERT INTO log VALUES ('gone; '); INSERT INTO log VALUES ('twice'));
DO $$ BEGIN PERFORM 1; END $$;`,
    down: 'DROP RULE log_delete ON users;\nDROP TABLE log;',
  },
  {
    name: 'backfill',
    up: `UPDATE users SET note = 'old' WHERE note IS NULL;
ALTER TABLE users ADD CONSTRAINT note_given CHECK (note <> '') NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT note_given`,
    down: 'ALTER TABLE users DROP CONSTRAINT note_given;',
  },
];

/** The files of a format, by name, in their order. */
export function filesOf(format: Format, sketches: readonly Sketch[] = TEN): Map<string, string> {
  const files = sketches.flatMap((sketch, at): [string, string][] => WRITERS[format](sketch, at + 1));
  return new Map(files);
}

/** Writes them into the directory, which is made. Returns the names. */
export function writeMigrations(
  directory: string,
  format: Format,
  sketches: readonly Sketch[] = TEN,
  newline = '\n',
): string[] {
  mkdirSync(directory, { recursive: true });
  const files = filesOf(format, sketches);
  for (const [name, text] of files) writeFileSync(join(directory, name), text.replaceAll('\n', newline));
  return [...files.keys()];
}

/** The version that a format gives the nth migration, counted from 1. */
export function versionOf(format: Format, n: number): string {
  const two = String(n).padStart(2, '0');
  if (format === 'dbmate') return `202601${two}120000`;
  if (format === 'node-pg-migrate') return `17000000000${two}`;
  return String(n);
}

const WRITERS: Record<Format, (sketch: Sketch, n: number) => [string, string][]> = {
  dbmate: ({ name, up, down, alone }, n) => {
    const option = alone ? ' transaction:false' : '';
    const text = `-- migrate:up${option}\n${up}\n\n-- migrate:down${option}\n${down}\n`;
    return [[`${versionOf('dbmate', n)}_${name}.sql`, text]];
  },
  'node-pg-migrate': ({ name, up, down }, n) => [
    [
      `${versionOf('node-pg-migrate', n)}_${name}.sql`,
      `-- Up Migration\n${up}\n\n-- Down Migration\n${down}\n`,
    ],
  ],
  'golang-migrate': ({ name, up, down }, n) => {
    const stem = `${String(n).padStart(6, '0')}_${name}`;
    return [
      [`${stem}.down.sql`, `${down}\n`],
      [`${stem}.up.sql`, `${up}\n`],
    ];
  },
  goose: ({ name, up, down, alone }, n) => {
    const text = [
      ...(alone ? ['-- +goose NO TRANSACTION'] : []),
      '-- +goose Up',
      '-- +goose StatementBegin',
      up,
      '-- +goose StatementEnd',
      '',
      '-- +goose Down',
      down,
      '',
    ].join('\n');
    return [[`${String(n).padStart(5, '0')}_${name}.sql`, text]];
  },
  flyway: ({ name, up, down }, n) => [
    [`U${n}__${name}.sql`, `${down}\n`],
    [`V${n}__${name}.sql`, `${up}\n`],
  ],
};
