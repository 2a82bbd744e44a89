import type { Migration } from '../files/migration.ts';
import {
  createCompanion,
  markAccepted,
  markApplied,
  markDirty,
  markKept,
  markProgress,
  markRemoved,
} from './companion.ts';
import type { Ledger } from './history.ts';
import { command, type LedgerTool } from './ledgers/ledger.ts';

/** Writes both tables: the tool's, where there is one, and ours. */
export function writer(
  tool: LedgerTool | undefined,
  table: string,
  own: string,
  migrations: readonly Migration[],
): Ledger {
  const before = ({ version }: { readonly version: string }) => previousOf(migrations, version);
  return {
    create: () => [...(tool?.create(table) ?? []).map((text) => command(text)), createCompanion(own)],
    begin: (migration, direction, author, done = 0) => [
      ...(tool?.begun?.(table, migration, direction, before(migration)) ?? []),
      markDirty(own, migration, direction, author, done),
    ],
    progress: (migration, done) => markProgress(own, migration, done),
    finish: (migration, direction, ms, author) =>
      direction === 'up'
        ? [
            ...(tool?.applied(table, migration, before(migration)) ?? []),
            markApplied(own, migration, ms, author),
          ]
        : [
            ...(tool?.removed(table, migration, before(migration)) ?? []),
            markRemoved(own, migration.version),
          ],
    abandon: (migration, direction) => [
      ...(tool?.abandoned?.(table, migration, direction, before(migration)) ?? []),
      direction === 'up' ? markRemoved(own, migration.version) : markKept(own, migration.version),
    ],
    forget: (row) => [...(tool?.forgotten(table, row, before(row)) ?? []), markRemoved(own, row.version)],
    accept: (migration) => [markAccepted(own, migration)],
  };
}

/** The version before this one in the order of application, which need not have a file itself. */
function previousOf(migrations: readonly Migration[], version: string): string | undefined {
  const at = migrations.findIndex((migration) => migration.version === version);
  if (at >= 0) return migrations[at - 1]?.version;
  if (!/^\d+$/.test(version)) return undefined;
  return migrations.findLast((one) => /^\d+$/.test(one.version) && BigInt(one.version) < BigInt(version))
    ?.version;
}
