import type { Fact } from '../../engine/plan.ts';
import type { Migration } from '../files/migration.ts';
import { formatOf, type MigrationFormat } from '../formats/registry.ts';
import type { Format } from '../formats/shared/format.ts';
import { detectSql, readAll, readStatus, type StatusOfFiles, statusHash } from '../history/status.ts';
import type { Destination, Direction, MigrationAdapter, Only, Route, Where } from '../types.ts';
import { type DirectedMigration, sectionOf } from './apply.ts';
import { versionsFor } from './destination.ts';
import { runErrors } from './errors.ts';
import { hazardsOf } from './hazards.ts';
import { rehearsalOf } from './rehearsed.ts';
import { historyStep, moveStep, type OwnFates } from './steps.ts';
import { tablesOf } from './tables.ts';
import { refuseUnread } from './unread.ts';

/** Migrations as SQL files, run by pgdeck itself; whose tool's they are, its history table is written, too. */
export const sqlAdapter: MigrationAdapter = {
  id: 'sql',
  title: 'SQL files',
  files: true,
  can: { down: true, to: true, steps: true, create: false, preview: 'full' },
  detect: detectSql,
  status: readStatus,
  route,
  only: (where, to) => route(where, 'down', to),
};

/** The same for the files of one tool, whatever else they could be. */
export const sqlAdapterOf = ({ name, title }: Format<MigrationFormat>): MigrationAdapter => ({
  ...sqlAdapter,
  id: name,
  title: `SQL files of ${title}`,
  format: name,
  detect: (place) => detectSql({ ...place, format: name }),
});

/** A migration whose way down is not there, or with a table that pgdeck does not write: refused as a whole. */
async function route(where: Where, direction: Direction, to: Destination | Only): Promise<Route> {
  const all = await readAll(where);
  refuseUnfit(all);
  if (direction === 'up') {
    refuseForeign(all, where);
    refuseUnread(all, to);
  }
  const versions = versionsFor(all.status, direction, to, all.files);
  if (to.kind === 'only') refuseSingle(all, versions);
  const moves = versions.map(
    (version): DirectedMigration => ({ migration: migrationOf(all, version), direction }),
  );
  for (const move of moves) sectionOf(move);
  const rehearsal = direction === 'up' ? rehearsalOf(all, moves) : undefined;
  const create = !(all.history.exists && all.history.companion);
  const fates: OwnFates = new Map();
  return {
    direction,
    versions,
    hazards: hazardsOf(all.status, moves, await tablesOf(where.session, all.history.relations, moves)),
    facts: factsOf(all),
    steps:
      moves.length === 0
        ? []
        : [
            ...(create ? [historyStep(where, all)] : []),
            ...moves.map((move) => moveStep(where, all, move, fates)),
          ],
    fates,
    statusHash: statusHash(all.status, all.files),
    ...(rehearsal !== undefined && { rehearsal }),
  };
}

function factsOf({ history }: StatusOfFiles): Fact[] {
  return [
    { label: 'History', value: `${history.table} of ${history.kind}${history.exists ? '' : ', to be made'}` },
  ];
}

/** What stands in the way of any run. */
function refuseUnfit({ files, history, status }: StatusOfFiles): void {
  if (history.refusal !== undefined) throw runErrors.foreignHistory({ why: history.refusal });
  const [dirty] = status.problems.filter(({ kind }) => kind === 'dirty');
  if (dirty) throw runErrors.dirty({ why: dirty.message });
  const none = files.problems.find(({ kind }) => kind === 'no_directory');
  if (none) throw runErrors.noDirectory({ why: none.message });
}

/** What was applied from files of another tool is not in these: they may be of another project. */
function refuseForeign({ files: { directory, format }, history }: StatusOfFiles, { tool }: Where): void {
  const { stranger, applied } = history;
  if (stranger === undefined || format === undefined || tool !== undefined || applied.length > 0) return;
  throw runErrors.otherTool({ ...stranger, directory, format: formatOf(format) });
}

/** Where the table holds the newest version only, one below it cannot go alone. */
function refuseSingle({ history, status }: StatusOfFiles, versions: readonly string[]): void {
  const format = history.kind === 'pgdeck' ? undefined : formatOf(history.kind);
  if (!format?.ledger.newestOnly || versions.length === 0) return;
  const applied = status.items.filter(({ state }) => state !== 'pending' && state !== 'out_of_order');
  if (applied.slice(-versions.length).every(({ version }) => versions.includes(version))) return;
  throw runErrors.newestOnly({ tool: format.title });
}

function migrationOf({ files }: Pick<StatusOfFiles, 'files'>, version: string): Migration {
  const migration = files.migrations.find((one) => one.version === version);
  if (migration === undefined) throw runErrors.noFile({ version, directory: files.directory });
  return migration;
}
