import { setTimeout as delay } from 'node:timers/promises';
import type { Server } from '../../../db/server.ts';
import type { Session } from '../../../db/session.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { StepIo } from '../../engine/plan.ts';
import {
  databaseArgument,
  timeoutNames,
  withClientEnvironment,
  withoutTimeouts,
} from '../../programs/environment.ts';
import { backupErrors } from '../errors.ts';
import type { BackupRequest } from '../request.ts';
import { dumpFailure } from './failure.ts';

export const SNAPSHOT_SQL = [
  'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
  'SELECT /* pgdeck */ pg_export_snapshot()',
] as const;

/** How long psql is waited for that is asked whether it still holds the snapshot; in milliseconds. */
const ASKED_MS = 5_000;

/** Keeps a snapshot alive until the dump has taken it over by all its connections. */
export interface Hold {
  /** For pg_dump --snapshot and SET TRANSACTION SNAPSHOT. */
  readonly id: string;
  /** Whether it is held beside the server, and no connection of ours is needed. */
  readonly there: boolean;
  /** Why it is not held any more; undefined while it is. */
  lost(): Promise<unknown>;
  close(): Promise<void>;
}

/** By a session of this program that has exported it. */
export function heldBy(session: Session, id: string): Hold {
  const lost = () =>
    session.sql('SELECT 1').then(
      () => undefined,
      (reason: unknown) => reason,
    );
  return { id, there: false, lost, close: () => session.close() };
}

/** The arguments of psql that reads from its input and stops at the first error. */
export function psqlArgs(database: string): string[] {
  return ['-X', '-A', '-t', '-q', '-w', '-v', 'ON_ERROR_STOP=1', '-d', databaseArgument(database)];
}

/**
 * Exports a snapshot by psql where the programs are, which holds it: a connection of ours may be lost on the way without
 * the dump, which does not go that way. It ends with us, since its input does. Throws {@link ../../error.ts OpError},
 * CommandError.
 */
export async function holdThere(
  io: StepIo,
  context: OpContext,
  { clients, database }: Pick<BackupRequest, 'clients' | 'database'>,
  server: Server,
): Promise<Hold> {
  const { host } = clients;
  const psql = clients.path('psql');
  let said = '';
  let heard: (line: string) => void = () => {};
  const next = () =>
    new Promise<string>((resolve) => {
      heard = resolve;
    });
  const first = next();
  const onLine = (line: string, from: 'stdout' | 'stderr') => {
    if (from === 'stdout') heard(line);
    else said = `${said}${line}\n`;
  };
  const running = await withClientEnvironment(context, io.applicationName, (env) =>
    host.start(psql, psqlArgs(database), {
      env: { ...env, ...withoutTimeouts(server) },
      signal: io.signal,
      onLine,
    }),
  );
  const failure = async () => {
    const { exitCode, lost } = await running.exited;
    if (lost !== undefined) return lost;
    if (exitCode === undefined) return backupErrors.snapshotLost({ place: host.label });
    return dumpFailure(psql, exitCode, context.secrets.redact(said), host.label);
  };
  const [begin, exporting] = SNAPSHOT_SQL;
  const timeouts = timeoutNames(server).map((name) => `SET LOCAL ${name} = 0`);
  for (const sql of [begin, ...timeouts, exporting]) running.write(`${sql};`);
  const id = await Promise.race([first, running.exited.then(() => undefined)]);
  if (id === undefined) throw await failure();
  return {
    id,
    there: true,
    lost: async () => {
      const answer = next();
      running.write('SELECT 1;');
      const over = new AbortController();
      const held = await Promise.race([
        answer.then(() => true),
        running.exited.then(() => false),
        delay(ASKED_MS, false, { signal: over.signal }),
      ]);
      over.abort();
      if (held) return undefined;
      await running.stop();
      return failure();
    },
    close: async () => {
      running.closeInput();
      await running.exited;
    },
  };
}
