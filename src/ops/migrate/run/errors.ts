import { plural } from '../../../text/units.ts';
import { defineErrors, failed, OpError, refused } from '../../error.ts';

const ended = (words: string): string => (/[.!?]$/.test(words) ? words : `${words}.`);

export const runErrors = defineErrors('migrate.run', {
  // what stands in the way of any run
  foreignHistory: ({ why }: { why: string }) => refused(why),
  dirty: ({ why }: { why: string }) => refused(why),
  noDirectory: ({ why }: { why: string }) => refused(why),
  /** `problems`: what is wrong in each file, with its line. */
  unreadFiles: ({ problems }: { problems: readonly string[] }) => refused(problems.join('\n')),

  // where to
  baseIsDown: () => refused('The base is below every migration.', 'Use: pgdeck migrate down --base'),
  notApplied: ({ version, repeatable }: { version: string; repeatable: boolean }) =>
    refused(
      repeatable
        ? `${version} is applied again whenever it changes, and has no way down.`
        : `${version} is not applied.`,
      'See what is with: pgdeck migrate status',
    ),
  otherTool: ({
    table,
    title,
    applied,
    directory,
    format,
  }: {
    table: string;
    title: string;
    applied: number;
    directory: string;
    format: { readonly title: string };
  }) =>
    refused(
      `The database has ${plural(applied, 'migration')} of ${title} applied (${table}) and none of ${format.title}, for which the files in ${directory} are written.`,
      `Name the directory that belongs to the database with --dir, or say that these are meant with --tool sql.`,
    ),
  newestOnly: ({ tool }: { tool: string }) =>
    refused(
      `The history of ${tool} holds the newest version only, so that one below it cannot be rolled back alone.`,
      'Roll back those above it too: pgdeck migrate down --to VERSION',
    ),
  /** `chosen`: how many were to be taken back; `unreadable`: what is wrong in a way down that is there. */
  stuck: ({
    stuck,
    chosen,
  }: {
    stuck: readonly {
      readonly version: string;
      readonly without: 'file' | 'way down';
      readonly unreadable: string | undefined;
    }[];
    chosen: number;
  }) =>
    refused(
      `${stuck.map(({ version, without, unreadable }) => `${version} has no ${without}${unreadable === undefined ? '' : ` that can be read (${unreadable})`}`).join(', ')}: none of the ${chosen === 1 ? 'migration' : `${chosen} migrations`} is rolled back.`,
      'Write what rolls it back, or restore a backup: pgdeck backups list',
    ),
  noWayDown: ({ version, file }: { version: string; file: string }) =>
    refused(`${version} has no way down in ${file}.`),
  noFile: ({ version, directory }: { version: string; directory: string }) =>
    refused(`There is no file of ${version} in ${directory}.`, 'Get it back.'),

  notWritten: ({ table }: { table: string }) =>
    failed(
      `${table} has not taken the row of the migration (a trigger or a rule on it, or nothing in it to be changed).`,
      'Make it as its tool makes it.',
    ),

  // what the server says
  /** `line`: in the file, where it is known; `where`: of an error within a function. */
  statement: ({
    file,
    line,
    said,
    code,
    detail,
    where,
    hint,
  }: {
    file: string;
    line: number | undefined;
    said: string;
    code: string | undefined;
    detail: string | undefined;
    where: string | undefined;
    hint: string | undefined;
  }) =>
    failed(
      [
        `${line === undefined ? file : `${file}:${line}`}: ${said}${code === undefined ? '' : ` (${code})`}.`,
        ...(detail === undefined ? [] : [ended(detail)]),
        ...(where === undefined ? [] : [ended(`In ${where}`)]),
        ...(hint === undefined ? [] : [ended(`Hint: ${hint}`)]),
      ].join(' '),
    ),
  locked: ({
    said,
    tries,
    holder,
  }: {
    said: string;
    tries: number;
    holder: { readonly text: string; readonly remedy: string } | undefined;
  }) =>
    failed(
      `${said}: locked${holder === undefined ? '' : `, by ${holder.text}`}, in ${tries === 1 ? 'one attempt' : `${tries} attempts`}.`,
      `${holder === undefined ? '' : `${holder.remedy}. `}Or try longer with --wait.`,
    ),
  commitLost: () =>
    failed(
      'The connection broke while the migration was committed: whether it was is not known here.',
      'The history tells: pgdeck migrate status',
    ),
});

/** The COMMIT was sent and not answered: nobody knows here whether it holds. */
export const isCommitLost = (error: unknown): boolean =>
  error instanceof OpError && error.code === 'migrate.run.commitLost';
