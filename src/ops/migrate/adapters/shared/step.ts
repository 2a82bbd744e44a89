import { setTimeout as delay } from 'node:timers/promises';
import type { Session } from '../../../../db/session.ts';
import type { RunResult } from '../../../../hosts/host.ts';
import { duration } from '../../../../text/units.ts';
import type { Step, StepIo } from '../../../engine/plan.ts';
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
export function toolStep(run: ToolRun): Step {
  const command = shown(run.command);
  return {
    id: run.id,
    title: run.title,
    preview: run.preview === undefined ? command : `${command}\n\n${run.preview}`,
    effect:
      run.lockTimeout > 0
        ? `each lock is waited for ${run.lockTimeout / 1000} s at most`
        : 'waits for locks without limit',
    run: (io) => carryOut(run, io),
  };
}

async function carryOut(run: ToolRun, io: StepIo): Promise<void> {
  let session = await sessionOf(run, io);
  const now = await run.applied(session);
  if (!same(now, run.before)) throw adapterErrors.changedSince(changeOf(run.before, now));
  io.record({ tool: run.tool, before: [...run.before], planned: run.after ? [...run.after] : null });
  const until = performance.now() + (run.where.patience?.wait ?? 0) * 1000;
  for (;;) {
    const result = await execute(run, io);
    io.crashPoint(`${run.id}:ran`);
    session = await sessionOf(run, io, session);
    const then = await run.applied(session);
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
      session: where.session,
      driver,
      applicationName: io.applicationName,
      lockTimeout,
      readOnly: false,
    },
    (connection) =>
      io.exec(command.program, command.args, {
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
