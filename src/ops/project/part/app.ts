import { setTimeout as delay } from 'node:timers/promises';
import { shellWord } from '../../../text/shell.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Step, StepIo } from '../../engine/plan.ts';
import { projectErrors } from '../errors.ts';
import { inProject, type Project } from '../file/read.ts';
import type { SetupApp } from '../file/schema.ts';
import type { Report } from './verdict.ts';

const PAUSE_MS = 500;
const PATIENCE_MS = 5_000;

/** How the application is restarted: as the file says, else by the profile's commands around a restore. */
export function restartCommands(
  { app }: Pick<Project, 'app'>,
  { backup }: Pick<OpContext, 'backup'>,
): readonly (readonly string[])[] {
  if (app.restart !== undefined) return [app.restart];
  return [backup.before_restore, backup.after_restore].flatMap((one) =>
    one === undefined ? [] : [['sh', '-c', one]],
  );
}

/** Runs a command of the project where its application runs. Throws {@link OpError} and CommandError. */
export async function inApp(
  io: StepIo,
  project: Pick<Project, 'directory'>,
  [command = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const on = await io.at('app');
  if (on.kind !== 'local') io.line(`In ${on.label}: ${[command, ...args].map(shellWord).join(' ')}`);
  const beside = command.includes('/') && on.kind === 'local' ? inProject(project, command) : command;
  // the project is on this machine
  await io.exec(beside, args, { on, env, ...(on.kind === 'local' && { cwd: project.directory }) });
}

/** Restarts the application, and waits until it answers. None where the project says nothing of it. */
export function appSteps(context: OpContext, project: Project, report: Report): Step[] {
  const commands = restartCommands(project, context);
  const { check } = project.app;
  return [
    ...(commands.length === 0
      ? []
      : [
          {
            id: 'restart',
            title: 'Restart the application',
            preview: commands.map((words) => words.map(shellWord).join(' ')).join('\n'),
            effect: 'the application is interrupted',
            run: async (io) => {
              await restartApp(io, project, commands);
              report.push({ what: 'Application', outcome: 'restarted' });
            },
          } satisfies Step,
        ]),
    ...(check === undefined
      ? []
      : [
          {
            id: 'answers',
            title: 'See that the application answers',
            preview: `GET ${check.url}`,
            run: async (io) => {
              const told = await awaitApp(io, check);
              io.line(told);
              report.push({ what: 'Application', outcome: told });
            },
          } satisfies Step,
        ]),
  ];
}

export async function restartApp(
  io: StepIo,
  project: Project,
  commands: readonly (readonly string[])[],
): Promise<void> {
  for (const words of commands) await inApp(io, project, words);
}

/** Asks until it answers as it should; a sentence on how it did. Throws {@link OpError} when it does not in time. */
export async function awaitApp(
  { signal, waits }: Pick<StepIo, 'signal' | 'waits'>,
  { url, status, wait_seconds }: NonNullable<SetupApp['check']>,
): Promise<string> {
  const end = performance.now() + wait_seconds * 1000;
  let why = 'it was not asked.';
  waits('the application', wait_seconds);
  try {
    do {
      signal.throwIfAborted();
      try {
        const answer = await fetch(url, {
          signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
          redirect: status === undefined ? 'follow' : 'manual',
        });
        await answer.body?.cancel();
        if (status === undefined ? answer.ok : answer.status === status)
          return `${url} answers ${answer.status}.`;
        why = `it answers ${answer.status}.`;
      } catch (error) {
        signal.throwIfAborted();
        why = reasonOf(error);
      }
      await delay(PAUSE_MS, undefined, { signal });
    } while (performance.now() < end);
  } finally {
    waits(undefined);
  }
  throw projectErrors.appDown({ url, why, seconds: wait_seconds });
}

/** fetch says `fetch failed`; what has failed is its cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  const { code, message: deeper } = (cause ?? {}) as { code?: string; message?: string };
  return `${code ?? deeper ?? message}.`;
}
