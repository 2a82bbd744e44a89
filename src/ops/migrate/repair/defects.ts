import type { Session } from '../../../db/session.ts';
import { migrateErrors } from '../errors.ts';
import type { Migration } from '../files/migration.ts';
import { appliedRow } from '../formats/shared/ledger.ts';
import type { AppliedRow } from '../history/rows.ts';
import type { StatusOfFiles } from '../history/status.ts';
import type { InvalidIndex } from '../queries/leftovers.ts';
import { type Diagnosis, diagnose, halfDone } from '../verify/diagnose.ts';
import { indexName, leftoversOf } from '../verify/leftovers.ts';
import { migrationMeant } from '../version.ts';

/** What is to be mended. `id` names it, `what` is a sentence. */
export type Defect = { readonly id: string; readonly what: string } & (
  | { readonly kind: 'dirty'; readonly found: Diagnosis }
  | { readonly kind: 'changed'; readonly migration: Migration }
  | { readonly kind: 'missing_file'; readonly row: AppliedRow }
  | { readonly kind: 'index'; readonly index: InvalidIndex }
);

/**
 * Everything that can be mended, the most pressing first; `all` is undefined where another tool keeps the history. An
 * index that a migration has left half made belongs to that migration. Throws DbError.
 */
export async function defectsOf(session: Session, all: StatusOfFiles | undefined): Promise<Defect[]> {
  const dirty = all === undefined ? [] : await dirtyEntries(session, all);
  const states = all === undefined ? [] : stateEntries(all);
  const owned = new Set(
    dirty.flatMap((one) =>
      one.kind === 'dirty' ? one.found.statements.map(({ invalid }) => invalid?.oid) : [],
    ),
  );
  const { indexes } = await leftoversOf(session);
  return [
    ...dirty,
    ...indexes
      .filter(({ oid }) => !owned.has(oid))
      .map(
        (index): Defect => ({
          kind: 'index',
          id: indexName(index),
          what: `The index ${indexName(index)} is INVALID.`,
          index,
        }),
      ),
    ...states,
  ];
}

async function dirtyEntries(session: Session, { files, history, status }: StatusOfFiles): Promise<Defect[]> {
  const entries: Defect[] = [];
  for (const row of history.dirty) {
    const migration = files.migrations.find(({ version }) => version === row.version);
    if (migration === undefined) {
      const { version } = row;
      const what = status.problems.find((one) => one.version === version)?.message ?? '';
      entries.push({ kind: 'missing_file', id: version, what, row: appliedRow({ version, key: version }) });
      continue;
    }
    const found = await diagnose(session, row, migration, row.direction ?? 'up');
    entries.push({ kind: 'dirty', id: row.version, what: halfDone(found), found });
  }
  return entries;
}

function stateEntries({ files, history, status }: StatusOfFiles): Defect[] {
  return status.items.flatMap(({ version, state }): Defect[] => {
    const what = status.problems.find((one) => one.kind === state && one.version === version)?.message ?? '';
    const migration = files.migrations.find((one) => one.version === version);
    const row = history.applied.find((one) => one.version === version);
    if (state === 'changed' && migration) return [{ kind: 'changed', id: version, what, migration }];
    if (state === 'missing_file' && row) return [{ kind: 'missing_file', id: version, what, row }];
    return [];
  });
}

/** The entry of that name; the first one without a name. Throws {@link OpError}. */
export function entryNamed(entries: readonly Defect[], name: string | undefined): Defect | undefined {
  if (name === undefined) return entries[0];
  const found = migrationMeant(
    entries.map((entry) => ({ version: entry.id, entry })),
    name,
  )?.entry;
  if (found === undefined) throw migrateErrors.nothingToMend({ name, ids: entries.map(({ id }) => id) });
  return found;
}
