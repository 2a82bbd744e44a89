import { setTimeout as delay } from 'node:timers/promises';
import { runSessions } from '../../../../db/queries/signal/run.ts';
import type { Session } from '../../../../db/session.ts';
import { CommandError, type CommandErrorKind, type RunResult } from '../../../../hosts/host.ts';
import { duration } from '../../../../text/units.ts';
import type { StepIo } from '../../../engine/plan.ts';
import type { RouteStep, ToolEnd } from '../../types.ts';
import { adapterErrors, type Change, changeText } from '../errors.ts';
import { withToolEnvironment } from './environment.ts';
import { failureOf } from './failure.ts';
import type { Command } from './programs.ts';
import type { ToolRun } from './tool-run.ts';

/** Lines of output that are kept in memory for the reason of a failure, in characters. */
const KEPT = 65_536;
const EVERY_CODE = Array.from({ length: 256 }, (_, code) => code);

/** How the command is shown: as it could be typed. */
export function shown({ program, args }: Command): string {
  const name = program.includes('/') && !program.startsWith('./') ? program.replace(/^.*\//, '') : program;
  return [name, ...args]
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');
}

/**
 * A step that runs the tool and believes neither its exit code nor its words alone: the history has to say what was
 * planned, before and after.
 */
export function toolStep(run: ToolRun): RouteStep {
  const command = shown(run.command);
  let end: ToolEnd | undefined;
  return {
    id: run.id,
    title: run.title,
    preview: run.preview === undefined ? command : `${command}\n\n${run.preview}`,
    effect:
      run.lockTimeout > 0
        ? `each lock is waited for ${run.lockTimeout / 1000} s at most`
        : 'waits for locks without limit',
    run: (io) =>
      carryOut(run, io, (now) => {
        end = now;
      }),
    ended: () => end,
  };
}

async function carryOut(run: ToolRun, io: StepIo, tell: (end: ToolEnd) => void): Promise<void> {
  let session = await sessionOf(run, io);
  const now = await run.applied(session);
  if (!same(now, run.before)) throw adapterErrors.changedSince(changeOf(run.before, now));
  io.record({ tool: run.tool, before: [...run.before], planned: run.after ? [...run.after] : null });
  const until = performance.now() + (run.where.patience?.wait ?? 0) * 1000;
  const first = await takeXid(session);
  tell({ moved: undefined, touched: true, failed: true });
  const look = async (failed: boolean): Promise<ReadonlySet<string>> => {
    session = await sessionOf(run, io, session);
    const then = await run.applied(session);
    const { applied, takenBack } = changeOf(now, then);
    const wrote = (await takeXid(session)) - first > 1n;
    // a program that is over may have left a statement that waits for its lock, and goes on when it gets it
    const left = await session.run(runSessions, { applicationName: io.applicationName });
    const touched = wrote || left.some(({ state }) => state !== 'idle');
    tell({ moved: run.noHistory ? undefined : [...applied, ...takenBack], touched, failed });
    return then;
  };
  for (;;) {
    const result = await execute(run, io).catch(async (error) => {
      if (error instanceof CommandError && NOT_STARTED.includes(error.kind))
        tell({ moved: [], touched: false, failed: true });
      // of one that was stopped the server may still be busy with a statement
      else if (!io.signal.aborted) await look(true).catch(() => {});
      throw error;
    });
    io.crashPoint(`${run.id}:ran`);
    const then = await look(result.exitCode !== 0);
    const reached = run.after === undefined || same(then, run.after);
    const succeeded = result.exitCode === 0 && run.failedAnyway?.(result) !== true;
    if (succeeded && reached) return io.line(`By the history: ${changeText(changeOf(now, then))}.`);
    const left = until - performance.now();
    // what was rolled back whole can be tried again; a lock that is waited for in turns stops nobody for long
    if (!(LOCKED.test(result.stderr) && same(then, now) && left > 0))
      throw failureOf({
        run,
        command: shown(run.command),
        result,
        succeeded,
        changed: changeOf(now, then),
        planned: run.after && changeOf(now, run.after),
      });
    io.line(`Somebody holds a lock that it needs. It is tried again for ${duration(left / 1000)}.`);
    await delay(Math.min(left, PAUSE_MS * (0.5 + Math.random())), undefined, { signal: io.signal });
  }
}

/**
 * The next transaction ID, which it uses up: where the one after it comes next, nobody has written anything in between,
 * not even what was rolled back.
 */
async function takeXid(session: Session): Promise<bigint> {
  const [row] = await session.sql('SELECT txid_current()::text AS xid');
  return BigInt(String(row?.xid));
}

/** Then there was no process. */
const NOT_STARTED: readonly CommandErrorKind[] = ['missing', 'denied'];
const LOCKED = /lock timeout|LockNotAvailable|55P03/;
const PAUSE_MS = 1000;

/** The session that holds the lock of migrations, where one does; throws when it is lost. */
async function sessionOf(run: ToolRun, io: StepIo, known?: Session): Promise<Session> {
  if (run.where.held !== undefined) return (await run.where.held.worker()).session;
  return known !== undefined && !known.lost ? known : io.connect(undefined, 'migration');
}

function execute(run: ToolRun, io: StepIo): Promise<RunResult> {
  const { where, driver, command, cwd, env, inDatabaseUrl = [], lockTimeout, counts, count } = run;
  let done = 0;
  return withToolEnvironment(
    {
      context: where.context,
      host: where.host,
      session: where.session,
      driver,
      applicationName: io.applicationName,
      lockTimeout,
      readOnly: false,
    },
    (connection) =>
      io.exec(command.program, command.args, {
        on: where.host,
        cwd,
        env: {
          ...connection,
          ...Object.fromEntries(inDatabaseUrl.map((name) => [name, connection.DATABASE_URL])),
          ...env,
        },
        accept: EVERY_CODE,
        maxOutput: KEPT,
        onLine: (line) => {
          if (counts?.test(line) !== true) return;
          done += 1;
          io.progress({ label: 'migrations', done: Math.min(done, count), of: count, unit: 'items' });
        },
      }),
  );
}

export function same(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((version) => b.has(version));
}

function changeOf(before: ReadonlySet<string>, after: ReadonlySet<string>): Change {
  return {
    applied: [...after].filter((version) => !before.has(version)),
    takenBack: [...before].filter((version) => !after.has(version)),
  };
}
