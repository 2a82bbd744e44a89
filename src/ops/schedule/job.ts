import { join } from 'node:path';
import { Cron } from 'croner';
import { shWord } from '../../text/shell.ts';
import { placesIn } from '../engine/connection.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Job } from './crontab.ts';
import { scheduleErrors } from './errors.ts';

const VALUE = '(?:\\d+|[a-z]{3})';
const PART = `(?:(?:\\*|${VALUE}-${VALUE})(?:/\\d+)?|${VALUE})`;
/** What crontab takes; the library that reckons the times knows more. */
const FIELD = new RegExp(`^${PART}(?:,${PART})*$`, 'i');

/** Why cron would not understand a time; undefined when it does. */
export function badTime(at: string): string | undefined {
  const expected = 'expected five fields of cron, such as "30 2 * * *"';
  const fields = at.trim().split(/\s+/);
  if (fields.length !== 5 || !fields.every((field) => FIELD.test(field))) return expected;
  try {
    return cronOf(at.trim()).nextRun() === null ? 'there is no such day: cron would never run it' : undefined;
  } catch (error) {
    return `${expected}: ${(error as Error).message.replace(/^CronPattern: /, '')}`;
  }
}

/**
 * With a day of the month and a weekday cron runs it on either: it takes both only where one of the fields begins with
 * a star, `*\/2` too.
 */
function isEitherDay(at: string): boolean {
  const [, , day = '*', , weekday = '*'] = at.trim().split(/\s+/);
  return !day.startsWith('*') && !weekday.startsWith('*');
}

function cronOf(at: string): Cron {
  return new Cron(at, { paused: true, legacyMode: isEitherDay(at) });
}

/** What a time means that is often meant otherwise, with the dates that come of it; undefined where it is plain. */
export function surprise(at: string, now: Date): string | undefined {
  if (!isEitherDay(at)) return undefined;
  const [, , day, , weekday] = at.trim().split(/\s+/);
  const next = cronOf(at)
    .nextRuns(5, now)
    .map((date) => date.toDateString());
  return (
    `cron runs it on each day ${day} of the month and besides on each weekday ${weekday}, not only where both hold: ` +
    `${next.join(', ')}. Leave one of the two a star to say one thing`
  );
}

/** The last time it should have begun, and the next one; in the local time zone, as cron's. */
export function timesOf(at: string, now: Date): { last: Date | null; next: Date | null } {
  const cron = cronOf(at);
  return { last: cron.previousRuns(1, now)[0] ?? null, next: cron.nextRun(now) };
}

interface Asked {
  readonly name: string;
  readonly at: string;
  readonly words: readonly string[];
  readonly flock: boolean;
  /** What starts pgdeck there. */
  readonly program: readonly string[];
}

/** Variables that say what a backup holds and which are kept, as scripts around pg_dump have them. */
const ASKED = ['RETENTION_DAYS', 'BACKUP_VOLUMES'];

/**
 * The job that runs a pgdeck command: absolute paths, since cron's PATH is short; one at a time; its output in a file
 * of its own. Connection words come first, so that it reaches the server that is meant now. Throws {@link OpError} for
 * what a crontab cannot hold.
 */
export function jobOf(context: OpContext, { name, at, words, flock, program }: Asked): Job {
  const folder = scheduleDirectory(context);
  const { env } = context;
  const asked = ASKED.flatMap((variable): [string, string][] => {
    const value = env[variable];
    return value ? [[variable, value]] : [];
  });
  const environment = [...placesIn(env), ...asked].map(([variable, value]) => `${variable}=${shWord(value)}`);
  const lock = flock ? ['flock', '-n', shWord(join(folder, `${name}.lock`))] : [];
  const command = [
    ...environment,
    `PGDECK_JOB=${shWord(name)}`,
    ...lock,
    ...program.map(shWord),
    ...context.connection.map(shWord),
    ...words.map(shWord),
    `>>${shWord(join(folder, `${name}.log`))}`,
    '2>&1',
  ].join(' ');
  // the rest would be a job by itself
  if (/[\r\n]/.test(command)) throw scheduleErrors.unfit({ what: 'A line break' });
  // some crons take two backslashes for one, which leaves the percent sign bare
  if (command.includes('\\%')) throw scheduleErrors.unfit({ what: 'A backslash before a percent sign' });
  // a bare percent sign ends the command for cron
  return { name, at: at.trim().replace(/\s+/g, ' '), line: command.replaceAll('%', '\\%') };
}

/** Where the files of the jobs are: locks and logs. */
export function scheduleDirectory(context: OpContext): string {
  return join(context.journal, '..', 'schedule');
}
