import type { Session } from '../../../db/session.ts';
import type { Migration } from '../files/migration.ts';
import { command, isoOf, numberOf, textOf } from '../formats/shared/ledger.ts';
import type { Direction } from '../types.ts';
import type { Author } from './history.ts';
import type { Command, DirtyRow } from './rows.ts';

/**
 * Our own table: what the tools' tables have no columns for. A row with `direction` is dirty; with `applied_at` it was
 * applied by pgdeck, which says whether it is applied only where no tool's table does.
 */
export const COMPANION = 'pgdeck_migrations';

export interface CompanionRow {
  readonly version: string;
  readonly name: string;
  readonly checksum: string | null;
  /** ISO 8601. */
  readonly applied_at: string | null;
  readonly applied_by: string | null;
  readonly execution_ms: number | null;
  readonly dirty: DirtyRow | undefined;
}

export function createCompanion(table: string): Command {
  return command(`CREATE TABLE IF NOT EXISTS ${table} (
  version text PRIMARY KEY,
  name text NOT NULL,
  checksum text,
  applied_at timestamptz,
  applied_by text,
  execution_ms bigint,
  run text,
  direction text CHECK (direction IN ('up', 'down')),
  statements_done integer,
  statements integer,
  begun_at timestamptz
)`);
}

/** In the order they were applied. */
export async function readCompanion(session: Session, table: string): Promise<CompanionRow[]> {
  const rows = await session.sql(
    `SELECT version, name, checksum, ${isoOf('applied_at')} AS applied, applied_by, execution_ms::text AS execution_ms, run, direction, statements_done, statements, ${isoOf('begun_at')} AS begun FROM ${table} ORDER BY applied_at, version`,
  );
  return rows.map((row) => {
    const version = String(row.version);
    const name = String(row.name);
    const direction = row.direction === 'up' || row.direction === 'down' ? row.direction : undefined;
    return {
      version,
      name,
      checksum: textOf(row.checksum),
      applied_at: textOf(row.applied),
      applied_by: textOf(row.applied_by),
      execution_ms: numberOf(row.execution_ms),
      dirty: direction && {
        version,
        name,
        direction,
        done: numberOf(row.statements_done),
        of: numberOf(row.statements),
        begun_at: textOf(row.begun),
        run: textOf(row.run),
      },
    };
  });
}

const CLEAN = 'direction = NULL, statements_done = NULL, statements = NULL, begun_at = NULL';

export function markDirty(
  table: string,
  migration: Migration,
  direction: Direction,
  { run }: Author,
  done: number,
): Command {
  const section = direction === 'up' ? migration.up : migration.down;
  return command(
    `INSERT INTO ${table} (version, name, checksum, run, direction, statements_done, statements, begun_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())
ON CONFLICT (version) DO UPDATE SET name = excluded.name, checksum = coalesce(excluded.checksum, ${COMPANION}.checksum), run = excluded.run, direction = excluded.direction, statements_done = excluded.statements_done, statements = excluded.statements, begun_at = excluded.begun_at`,
    migration.version,
    migration.name,
    // going down says nothing of what once went up
    direction === 'up' ? migration.up.checksum : null,
    run,
    direction,
    done,
    section?.statements.length ?? 0,
  );
}

export const markProgress = (table: string, { version }: Migration, done: number): Command =>
  command(`UPDATE ${table} SET statements_done = $2 WHERE version = $1`, version, done);

export function markApplied(table: string, migration: Migration, ms: number, { run }: Author): Command {
  return command(
    `INSERT INTO ${table} (version, name, checksum, applied_at, applied_by, execution_ms, run)
VALUES ($1, $2, $3, clock_timestamp(), session_user, $4, $5)
ON CONFLICT (version) DO UPDATE SET name = excluded.name, checksum = excluded.checksum, applied_at = excluded.applied_at, applied_by = excluded.applied_by, execution_ms = excluded.execution_ms, run = excluded.run, ${CLEAN}`,
    migration.version,
    migration.name,
    migration.up.checksum,
    Math.round(ms),
    run,
  );
}

export const markRemoved = (table: string, version: string): Command =>
  command(`DELETE FROM ${table} WHERE version = $1`, version);

/** Going down was given up: it is applied as before. */
export const markKept = (table: string, version: string): Command =>
  command(`UPDATE ${table} SET ${CLEAN} WHERE version = $1`, version);

export const markAccepted = (table: string, { version, name, up }: Migration): Command =>
  command(
    `INSERT INTO ${table} (version, name, checksum) VALUES ($1, $2, $3)
ON CONFLICT (version) DO UPDATE SET name = excluded.name, checksum = excluded.checksum`,
    version,
    name,
    up.checksum,
  );
