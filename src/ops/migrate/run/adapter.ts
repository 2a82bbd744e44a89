import { OpError } from '../../error.ts';
import type { Fact } from '../../operation.ts';
import type { Migration } from '../files/migration.ts';
import { detectSql, readAll, readStatus, type StatusOfFiles, statusHash } from '../history/status.ts';
import type { Destination, Direction, MigrationAdapter, Route, Where } from '../types.ts';
import { type Move, sectionOf } from './apply.ts';
import { versionsFor } from './destination.ts';
import { hazardsOf } from './hazards.ts';
import { rehearsalOf } from './rehearsed.ts';
import { historyStep, moveStep } from './steps.ts';

/** Migrations as SQL files, run by pgdeck itself; whose tool's they are, its history table is written, too. */
export const sqlAdapter: MigrationAdapter = {
  id: 'sql',
  title: 'SQL files',
  can: { down: true, to: true, steps: true, create: false, preview: 'full' },
  detect: detectSql,
  status: readStatus,
  route,
};

/** A migration whose way down is not there, or with a table that pgdeck does not write: refused as a whole. */
async function route(where: Where, direction: Direction, to: Destination): Promise<Route> {
  const all = await readAll(where);
  refuseUnfit(all, direction);
  const versions = versionsFor(all.status, direction, to, where.directory);
  const moves = versions.map((version): Move => ({ migration: migrationOf(all, version), direction }));
  for (const move of moves) sectionOf(move);
  const rehearsal = direction === 'up' ? rehearsalOf(all, moves) : undefined;
  const create = !(all.history.exists && all.history.companion);
  return {
    direction,
    versions,
    hazards: hazardsOf(all.status, moves),
    facts: factsOf(all),
    steps:
      moves.length === 0
        ? []
        : [...(create ? [historyStep(where, all)] : []), ...moves.map((move) => moveStep(where, all, move))],
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
function refuseUnfit({ files, history, status }: StatusOfFiles, direction: Direction): void {
  if (history.refusal !== undefined) throw new OpError('refused', history.refusal);
  const [dirty] = status.problems.filter(({ kind }) => kind === 'dirty');
  if (dirty) throw new OpError('refused', dirty.message);
  const up = new Set(files.migrations.filter((one) => one.up.error === undefined).map((one) => one.version));
  const [bad, ...more] = files.problems.filter(({ kind, version }) => {
    if (kind === 'no_directory') return true;
    // what cannot be read might be one of those that have to be applied before others
    return kind === 'bad_file' && direction === 'up' && !(version !== null && up.has(version));
  });
  if (bad)
    throw new OpError(
      'refused',
      more.length === 0 ? bad.message : `${bad.message}\n${more.map(({ message }) => message).join('\n')}`,
    );
}

function migrationOf({ files }: Pick<StatusOfFiles, 'files'>, version: string): Migration {
  const migration = files.migrations.find((one) => one.version === version);
  if (migration === undefined)
    throw new OpError('refused', `There is no file of ${version} in ${files.directory}.`, 'Get it back.');
  return migration;
}
