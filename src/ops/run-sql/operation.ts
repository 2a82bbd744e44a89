import { z } from 'zod';
import { shellWord } from '../../text/shell.ts';
import { bytes, plural } from '../../text/units.ts';
import { backupBefore } from '../backup/before.ts';
import { poolerChecks } from '../database/pooler.ts';
import { defineOperation, type OpContext } from '../engine/operation.ts';
import type { Check, Step } from '../engine/plan.ts';
import { runSqlErrors } from './errors.ts';
import { recoverFile } from './fate.ts';
import { readSqlFile, type SqlFile, variablesOf } from './read.ts';
import { type Progress, runStatements, stateOf } from './run.ts';

const input = z.object({
  file: z.string().min(1),
  set: z.array(z.string().min(1)).default([]),
  database: z.string().min(1).optional(),
  no_transaction: z.boolean().default(false),
  no_safety_backup: z.boolean().default(false),
});

/** Runs a file of SQL: read and looked at before, pinned by its sum, told statement by statement. */
export const runSql = defineOperation({
  id: 'run-sql',
  input,
  fields: {
    file: {
      title: 'File',
      hint: 'the file with the statements, in UTF-8',
      argument: true,
      choices: fileChoices,
      none: () => 'There is no such file in this directory: type its path.',
    },
    set: {
      title: 'Variables',
      hint: 'NAME=VALUE, for :NAME, :\'NAME\' (a string) and :"NAME" (a name) in the file, as psql has them',
      placeholder: 'name=value',
    },
    database: {
      title: 'Database',
      hint: 'the database that it is run in',
      placeholder: 'name',
      standard: ({ target }) => target.database,
    },
    no_transaction: {
      title: 'One by one',
      hint: 'each statement by itself: those before one that fails stay',
      asks: { title: 'One transaction', hint: 'all of it or nothing, where its statements can be in one' },
    },
    no_safety_backup: {
      title: 'No safety backup',
      hint: 'do not back the database up first, though something in it is dropped, truncated or deleted',
      asks: { title: 'Safety backup', hint: 'of the database, made first where something in it is lost' },
    },
  },
  plan: async (wish, context) => {
    const values = variablesOf(wish.set);
    const read = await readSqlFile(context.here, wish.file, values);
    const file: SqlFile = wish.no_transaction
      ? {
          ...read,
          section: { ...read.section, transactional: false, why: read.section.why ?? 'as asked for' },
        }
      : read;
    const where = wish.database ?? context.target.database;
    const session = await context.session(where);
    const lost = file.hazards.filter(({ destructive }) => destructive);
    const safety =
      lost.length === 0 || wish.no_safety_backup
        ? undefined
        : await backupBefore(context, where, {
            label: `before ${baseName(wish.file)}`,
          });
    const progress: Progress = { ran: 0, kept: 0, failed: undefined, committed: false };
    const kept = () => {
      const made = safety?.made();
      return made === undefined ? '' : ` The safety backup ${made.id} is kept.`;
    };
    const { section } = file;
    return {
      operation: 'run-sql',
      title: `Run ${baseName(wish.file)} in ${where}`,
      subject: where,
      danger: lost.length > 0 ? 'type-name' : 'confirm',
      writes: true,
      server: context.place,
      input: {
        file: file.path,
        sha256: file.sha256,
        ...(wish.set.length > 0 && { set: wish.set.map(hiddenValue) }),
        ...(wish.database !== undefined && { database: wish.database }),
        ...(wish.no_transaction && { no_transaction: true }),
        ...(wish.no_safety_backup && { no_safety_backup: true }),
      },
      facts: [
        { label: 'Server', value: `${context.place}, PostgreSQL ${session.server.version}` },
        { label: 'File', value: `${file.path}, ${bytes(file.bytes)}, sha256 ${file.sha256.slice(0, 16)}…` },
        { label: 'Statements', value: String(section.statements.length) },
        {
          label: 'Transaction',
          value: section.transactional ? 'one: all of it or nothing' : `none, one by one: ${section.why}`,
        },
      ],
      checks: [
        ...(await poolerChecks(context, session)),
        ...checksOf(file, session.server.standby),
        ...(safety?.checks ?? []),
        ...(lost.length > 0 && wish.no_safety_backup
          ? [
              {
                title: 'Safety backup',
                status: 'warn' as const,
                detail: 'None is made: there is no way back.',
              },
            ]
          : []),
      ],
      steps: [...(safety?.steps ?? []), runStep(file, values, where, progress)],
      ...(lost.length > 0 && {
        consequence: `${plural(lost.length, 'statement')} of it ${lost.length === 1 ? 'loses' : 'lose'} what is there${safety === undefined ? ', and there is no way back' : '; the backup has it'}.`,
      }),
      ...(safety !== undefined && {
        undo: {
          get command() {
            return `pgdeck restore ${shellWord(safety.name())}`;
          },
        },
        undoableInPart: () => progress.kept > 0 && safety.made() !== undefined,
      }),
      leaves: () => `${stateOf(file, progress)}${kept()}`,
      reaches: () =>
        `${plural(section.statements.length, 'statement')} of ${baseName(wish.file)} ${section.statements.length === 1 ? 'is' : 'are'} done in ${where}.${kept()}`,
      locks: [{ family: 'run-sql', database: where }],
    };
  },
  recover: recoverFile,
});

const baseName = (path: string): string => path.split('/').at(-1) ?? path;

/** A value may be a secret, and the journal is for people. */
function hiddenValue(given: string): string {
  const [name = ''] = given.split('=', 1);
  return /pass|secret|token|key/i.test(name) ? `${name}=***` : given;
}

async function fileChoices({ here }: OpContext): Promise<{ value: string }[]> {
  const names = await here.files.list(here.files.resolve('.')).catch(() => []);
  return names
    .filter(({ name, kind }) => kind === 'file' && name.endsWith('.sql'))
    .map(({ name }) => ({ value: name }))
    .sort((a, b) => (a.value < b.value ? -1 : 1));
}

/** Of the same kind the first few are told. */
const TOLD = 20;

function checksOf({ section, hazards, unused }: SqlFile, standby: boolean): Check[] {
  const checks: Check[] = [];
  if (standby)
    checks.push({
      title: 'Database',
      status: 'block',
      detail: 'This server is a standby, which cannot be written to: connect to its primary.',
    });
  if (unused.length > 0)
    checks.push({
      title: 'Variables',
      status: 'warn',
      detail: `${unused.join(', ')} ${unused.length === 1 ? 'stands' : 'stand'} nowhere in the file.`,
    });
  for (const { name, message, line } of hazards.slice(0, TOLD))
    checks.push({
      title: name,
      status: 'warn',
      detail: line === undefined ? message : `line ${line}: ${message}`,
    });
  if (hazards.length > TOLD)
    checks.push({ title: 'More', status: 'warn', detail: `${hazards.length - TOLD} more like these.` });
  if (!section.transactional && section.statements.length > 1)
    checks.push({
      title: 'Transaction',
      status: 'warn',
      detail: `What is done before a statement that fails stays: ${section.why}.`,
    });
  return checks.length > 0
    ? checks
    : [
        {
          title: 'Statements',
          status: 'ok',
          detail: 'All of them can be read, and nothing is lost by them.',
        },
      ];
}

/** Longer ones are data. */
const SHOWN = 100_000;

function runStep(
  file: SqlFile,
  values: ReadonlyMap<string, string>,
  where: string,
  progress: Progress,
): Step {
  const { section } = file;
  const text = section.statements.map(({ sql }) => `${sql};`).join('\n');
  const shown =
    text.length > SHOWN ? `${text.slice(0, SHOWN)}\n-- … ${bytes(text.length - SHOWN)} more` : text;
  return {
    id: 'run',
    title: `Run ${plural(section.statements.length, 'statement')} in ${where}`,
    preview: section.transactional ? `BEGIN;\n${shown}\nCOMMIT;` : shown,
    atomic: section.transactional,
    run: async (io) => {
      const now = await readSqlFile(io.here, file.path, values);
      if (now.sha256 !== file.sha256) throw runSqlErrors.changed({ file: file.file });
      io.record({
        running_sql: {
          file: file.path,
          sha256: file.sha256,
          transactional: section.transactional,
          database: where,
        },
      });
      const session = await io.connect(where, 'migration');
      try {
        await runStatements(io, session, file, progress);
      } finally {
        await session.close();
      }
    },
  };
}
