import { quoteIdent, quoteRelation } from '../../../db/ident.ts';
import type { Migration } from '../files/migration.ts';
import type { Migrations } from '../files/migrations.ts';
import { command, type LedgerTool, type Writing } from '../formats/shared/ledger.ts';
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
import type { Command } from './rows.ts';

interface Relation {
  readonly schema: string;
  readonly name: string;
}

/** Writes both tables: the tool's, where there is one, and ours. */
export function writer(
  tool: LedgerTool | undefined,
  relation: Relation,
  companion: Relation,
  { migrations, directory }: Migrations,
): Ledger {
  const [table, own] = [quoteRelation(relation), quoteRelation(companion)];
  const around = ({ version }: { readonly version: string }): Writing => ({
    previous: previousOf(migrations, version),
    directory,
  });
  const schema = quoteIdent(companion.schema);
  return {
    create: () => [
      ...(tool?.create(table, quoteIdent(relation.schema)) ?? []).map((text) => command(text)),
      ...(tool?.companionSchema === companion.schema
        ? [command(`CREATE SCHEMA IF NOT EXISTS ${schema}`)]
        : []),
      createCompanion(own),
    ],
    begin: (migration, direction, author, done = 0) => [
      ...(tool?.begun?.(table, migration, direction, around(migration)) ?? []),
      markDirty(own, migration, direction, author, done),
    ],
    progress: (migration, done) => markProgress(own, migration, done),
    finish: (migration, direction, ms, author) =>
      direction === 'up'
        ? [
            ...writing(table, tool?.applied(table, migration, around(migration), ms) ?? []),
            markApplied(own, migration, ms, author),
          ]
        : [
            ...(tool?.removed(table, migration, around(migration), ms) ?? []),
            markRemoved(own, migration.version),
          ],
    abandon: (migration, direction) => [
      ...(tool?.abandoned?.(table, migration, direction, around(migration)) ?? []),
      direction === 'up' ? markRemoved(own, migration.version) : markKept(own, migration.version),
    ],
    forget: (row) => [...(tool?.forgotten(table, row, around(row)) ?? []), markRemoved(own, row.version)],
    accept: (migration) => [...(tool?.accepted?.(table, migration) ?? []), markAccepted(own, migration)],
  };
}

/**
 * A view, a trigger or a rule in the table's place can swallow the row, which is the last that is written: it has to come
 * back.
 */
const writing = (table: string, list: readonly Command[]): Command[] =>
  list.map((one, at) =>
    at === list.length - 1 ? { ...one, text: `${one.text} RETURNING true`, writes: table } : one,
  );

/** The version before this one in the order of application, which need not have a file itself. */
function previousOf(migrations: readonly Migration[], version: string): string | undefined {
  const at = migrations.findIndex((migration) => migration.version === version);
  if (at >= 0) return migrations[at - 1]?.version;
  if (!/^\d+$/.test(version)) return undefined;
  return migrations.findLast((one) => /^\d+$/.test(one.version) && BigInt(one.version) < BigInt(version))
    ?.version;
}
