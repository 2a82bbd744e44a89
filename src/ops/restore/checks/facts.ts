import { bytes, duration, plural, roughly } from '../../../text/units.ts';
import type { Fact } from '../../engine/plan.ts';
import { lastProven, lastVerified } from '../../repository/repository.ts';
import type { Situation } from '../situation.ts';
import { describeBackup } from '../source/source.ts';
import { heldBy } from './replaced.ts';

/** What somebody must see before it is replaced. */
export function factsOf(situation: Situation): Fact[] {
  const { backup, context, server, database, live, state, list } = situation;
  const { manifest } = backup;
  const facts: Fact[] = [
    { label: 'Backup', value: `${describeBackup(backup)}, ${bytes(backup.bytes)}` },
    { label: 'Of', value: originOf(situation) },
  ];
  if (manifest !== undefined) {
    const filled = manifest.tables.filter(({ rows, kind }) => rows !== null && kind !== 'matview');
    const rows = filled.reduce((sum, one) => sum + (one.rows ?? 0), 0);
    const tables = filled.length;
    const proven = lastProven(backup);
    const verified = lastVerified(backup);
    facts.push(
      { label: 'Holds', value: `${roughly(rows, 'row')} in ${plural(tables, 'table')}` },
      {
        label: 'Verified',
        value: proven
          ? `restored and compared on ${proven.at.slice(0, 10)}`
          : verified
            ? `${verified.level}, ${verified.at.slice(0, 16).replace('T', ' ')}`
            : 'never',
      },
    );
  }
  for (const value of backup.damage ?? []) facts.push({ label: 'Damaged', value });
  facts.push(...foreignFacts(situation));
  facts.push({ label: 'Server', value: `${context.place}, PostgreSQL ${server.version}` });
  if (live === undefined) facts.push({ label: 'Database', value: `${database}, which will be created` });
  else {
    facts.push(
      { label: 'Database', value: `${database}, ${bytes(state?.bytes)}, owner ${live.owner}` },
      { label: 'Newest write', value: newestWrite(situation) },
    );
  }
  const left = list?.left ?? [];
  if (left.length > 0)
    facts.push({
      label: 'Left out',
      value: [
        ...left.slice(0, 5).map(({ entry, why }) => `${entry.type} ${entry.name} (${why})`),
        ...(left.length > 5 ? [`and ${left.length - 5} more`] : []),
      ].join('; '),
    });
  return facts;
}

function foreignFacts({ source, server }: Situation): Fact[] {
  if (source?.foreign === undefined) return [];
  const { dumped, seconds } = source.foreign;
  return [
    { label: 'Holds', value: heldBy(dumped) },
    { label: 'Read', value: `to its end, in ${duration(seconds)}: it holds no command of psql` },
    ...(server.rights.superuser
      ? [
          {
            label: 'Runs as',
            value: `${server.user}, a superuser: functions and DO blocks in it may reach files and programs of the server`,
          },
        ]
      : []),
  ];
}

function originOf({ backup, source }: Situation): string {
  const { manifest } = backup;
  if (manifest)
    return `${manifest.database.name} on ${manifest.server.address}, PostgreSQL ${manifest.server.version}`;
  const { serverVersion, database } = source?.header ?? {};
  return `${backup.database ?? database ?? 'an unknown database'}, PostgreSQL ${serverVersion ?? 'of an unknown version'}`;
}

/** What the server can tell, and no more: it does not keep the time of the last write of a database. */
function newestWrite({ state }: Situation): string {
  if (state === undefined) return 'unknown';
  if (state.last_commit !== null) return `${state.last_commit} UTC, the last commit on this server`;
  const parts = [];
  if (state.rows_written !== null)
    parts.push(
      `${roughly(state.rows_written, 'row')} written${state.since === null ? ' so far' : ` since ${state.since} UTC`}`,
    );
  if (state.last_statement_seconds !== null)
    parts.push(`a connected client's last statement ${duration(state.last_statement_seconds)} ago`);
  return `its time is not recorded (track_commit_timestamp is off); ${parts.join(', ')}`;
}
