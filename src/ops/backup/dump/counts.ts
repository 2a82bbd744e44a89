import { quoteLiteral, quoteRelation } from '../../../db/ident.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { StepIo } from '../../engine/plan.ts';
import { runPrograms } from '../../engine/run/programs.ts';
import { withClientEnvironment, withoutTimeouts } from '../../programs/environment.ts';
import type { BackupRelation } from '../queries/relations.ts';
import type { BackupRequest } from '../request.ts';
import { LOCK_WAIT } from './command.ts';
import { dumpFailure } from './failure.ts';
import { psqlArgs } from './hold.ts';
import { OUTPUT } from './run.ts';
import type { Snapshot } from './snapshot.ts';

/** Small tables are counted together: a round trip for each of thousands would take longer than the counting. */
const TOGETHER = 20;
const TOGETHER_BYTES = 16 * 2 ** 20;

/**
 * Counts the rows of every relation in the snapshot that is being dumped, over a connection of its own: what a restore
 * has to bring back, exactly, however much is written meanwhile. It is psql's where the programs are on another host, so
 * that it goes the way of the dump. Rows by oid. Throws DbError, {@link ../../error.ts OpError}, CommandError.
 */
export async function countRows(
  io: StepIo,
  context: OpContext,
  request: Pick<BackupRequest, 'clients'>,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<Map<number, number>> {
  const { filled } = snapshot.selection;
  const counts = new Map<number, number>();
  const take = (oid: number, rows: number) => {
    counts.set(oid, rows);
    io.progress({ label: 'tables counted', done: counts.size, of: filled.length, unit: 'items' });
  };
  if (request.clients.host.kind === 'local') await countHere(io, snapshot, take, signal);
  else if (filled.length > 0) await countThere(io, context, request, snapshot, take, signal);
  return counts;
}

type Take = (oid: number, rows: number) => void;

async function countHere(io: StepIo, snapshot: Snapshot, take: Take, signal: AbortSignal): Promise<void> {
  const session = await io.connect(snapshot.database.name);
  // a count that is under way is not waited for
  const stop = () => void session.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    for (const group of groups(snapshot.selection.filled)) {
      const answers = await Promise.all(statements(snapshot, group).map((sql) => session.sql(sql)));
      for (const { oid, rows } of answers[COUNTS] ?? []) take(Number(oid), Number(rows));
    }
  } finally {
    signal.removeEventListener('abort', stop);
    await session.close();
  }
}

async function countThere(
  io: StepIo,
  context: OpContext,
  { clients: { host, path } }: Pick<BackupRequest, 'clients'>,
  snapshot: Snapshot,
  take: Take,
  signal: AbortSignal,
): Promise<void> {
  const psql = path('psql');
  const input = [...groups(snapshot.selection.filled)]
    .flatMap((group) => statements(snapshot, group))
    .map((sql) => `${sql};\n`)
    .join('');
  await withClientEnvironment(context, io.applicationName, async (env) => {
    const redact = (text: string) => context.secrets.redact(text);
    const failure = (program: string, exitCode: number, stderr: string) =>
      dumpFailure(program, exitCode, stderr, host.label);
    await runPrograms(
      (how) => host.run(psql, psqlArgs(snapshot.database.name), { ...how, input }),
      { line: io.line, signal, name: psql, redact, failure },
      {
        // names are ours, and ours are UTF-8
        env: { ...env, ...withoutTimeouts(snapshot.server), PGCLIENTENCODING: 'UTF8' },
        quiet: true,
        maxOutput: OUTPUT,
        onLine: (line, from) => {
          const [, oid, rows] = (from === 'stdout' && /^(\d+)\|(\d+)$/.exec(line)) || [];
          if (oid !== undefined) take(Number(oid), Number(rows));
        },
      },
    );
  });
}

/** Which of the statements answers. */
const COUNTS = 4;

/**
 * A transaction for some relations: the locks of all tables and indexes together with pg_dump's would fill the lock
 * table. pg_dump's own keep the tables as they are meanwhile.
 */
function statements({ hold }: Pick<Snapshot, 'hold'>, group: readonly BackupRelation[]): string[] {
  const selects = group.map(
    (one) => `SELECT ${one.oid} AS oid, count(*) AS rows FROM ONLY ${quoteRelation(one)}`,
  );
  return [
    'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
    `SET TRANSACTION SNAPSHOT ${quoteLiteral(hold.id)}`,
    `SET LOCAL lock_timeout = '${LOCK_WAIT}'`,
    // rows that row security hides are an error, as in pg_dump, and no smaller number
    'SET LOCAL row_security = off',
    selects.join(' UNION ALL '),
    'COMMIT',
  ];
}

function* groups(relations: readonly BackupRelation[]): Generator<BackupRelation[]> {
  let group: BackupRelation[] = [];
  let bytes = 0;
  for (const relation of relations) {
    group.push(relation);
    bytes += relation.bytes;
    if (group.length < TOGETHER && bytes < TOGETHER_BYTES) continue;
    yield group;
    group = [];
    bytes = 0;
  }
  if (group.length > 0) yield group;
}
