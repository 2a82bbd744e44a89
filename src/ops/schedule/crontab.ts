import { CommandError, type Host } from '../../hosts/host.ts';
import { scheduleErrors } from './errors.ts';

const BEGIN = '# BEGIN pgdeck: lines between these marks are replaced';
const END = '# END pgdeck';
const MARK = ' # pgdeck:';

/** A job as it stands in the crontab. */
export interface Job {
  readonly name: string;
  /** Five fields of cron. */
  readonly at: string;
  /** What cron hands to the shell. */
  readonly line: string;
}

export const JOB_NAME = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,40}$/u;

/** The jobs of pgdeck in a crontab; other people's lines are passed over. */
export function jobsOf(crontab: string): Job[] {
  const { ours } = split(crontab);
  return ours.flatMap((line) => {
    const at = line.lastIndexOf(MARK);
    if (at < 0) return [];
    const [, when, command] = /^((?:\S+\s+){4}\S+)\s+(.*)$/.exec(line.slice(0, at)) ?? [];
    if (when === undefined || command === undefined) return [];
    return [{ name: line.slice(at + MARK.length).trim(), at: when.replace(/\s+/g, ' '), line: command }];
  });
}

/** The crontab with the job added, or put in the place of the one of its name. */
export function withJob(crontab: string, job: Job): string {
  return rebuilt(crontab, [...jobsOf(crontab).filter((one) => one.name !== job.name), job]);
}

/** The crontab without the job; the marks go with the last one. */
export function withoutJob(crontab: string, name: string): string {
  return rebuilt(
    crontab,
    jobsOf(crontab).filter((one) => one.name !== name),
  );
}

/** The line of a job, as it stands in the crontab. */
export function jobLine({ name, at, line }: Job): string {
  return `${at} ${line}${MARK}${name}`;
}

function rebuilt(crontab: string, jobs: readonly Job[]): string {
  const { before, after } = split(crontab);
  const block = jobs.length === 0 ? [] : [BEGIN, ...jobs.map(jobLine), END];
  const lines = [...before, ...block, ...after];
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** Lines before our marks, between them, and after. */
function split(crontab: string): { before: string[]; ours: string[]; after: string[] } {
  const lines = crontab === '' ? [] : crontab.replace(/\n$/, '').split('\n');
  const begin = lines.indexOf(BEGIN);
  if (begin < 0) return { before: lines, ours: [], after: [] };
  const end = lines.findIndex((line, at) => at > begin && line === END);
  if (end < 0) throw scheduleErrors.noEnd({ begin: BEGIN, end: END });
  return { before: lines.slice(0, begin), ours: lines.slice(begin + 1, end), after: lines.slice(end + 1) };
}

/** This user's crontab; empty when there is none. Throws {@link CommandError} where cron is not installed. */
export async function readCrontab(host: Host): Promise<string> {
  const { exitCode, stdout, stderr } = await host.run('crontab', ['-l'], { env: { LC_ALL: 'C' } });
  if (exitCode === 0) return stdout;
  if (/no crontab for/i.test(stderr)) return '';
  throw scheduleErrors.unreadable({ said: stderr.trim() });
}

/** Replaces this user's crontab, and reads it back. Throws when it does not stand there afterwards. */
export async function writeCrontab(host: Host, text: string): Promise<void> {
  const { exitCode, stderr } = await host.run('crontab', ['-'], { input: text, env: { LC_ALL: 'C' } });
  if (exitCode !== 0) throw scheduleErrors.notTaken({ said: stderr.trim() });
  const now = jobsOf(await readCrontab(host)).map(jobLine);
  const meant = jobsOf(text).map(jobLine);
  if (JSON.stringify(now) !== JSON.stringify(meant)) throw scheduleErrors.notWritten();
}

/** Why there is no cron on this machine, with the package; undefined when there is one. */
export async function cronMissing(host: Host): Promise<string | undefined> {
  try {
    await readCrontab(host);
    return undefined;
  } catch (error) {
    if (error instanceof CommandError && error.kind === 'missing')
      return 'crontab was not found: install it, on Debian with: apt install cron. Or use the line of --plan elsewhere.';
    throw error;
  }
}
