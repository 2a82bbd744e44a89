import { z } from 'zod';
import { fullName } from '../../db/ident.ts';
import { databaseList } from '../../db/queries/database/facts.ts';
import { bytes, moment, plural } from '../../text/units.ts';
import type { AppContext } from '../app/steps.ts';
import { systemIdentifier } from '../database/identity.ts';
import { isMaintenance, planningSession } from '../database/maintenance.ts';
import type { Field, FieldChoice, Known, OpContext, RawInput } from '../engine/operation.ts';
import {
  type Backup,
  findBackup,
  listBackups,
  NEWEST,
  repositoryDirectory,
} from '../repository/repository.ts';
import { inOrderOfUse, isSafety } from '../repository/safety.ts';
import type { Hooks } from './steps/hooks.ts';

export const MODES = ['replace', 'merge', 'skip_existing'] as const;

const text = z.string().min(1).optional();

export const restoreInput = z
  .object({
    backup: z.string().min(1),
    database: text,
    into: text,
    in_place: z.boolean().default(false),
    table: z.array(z.string().min(1)).default([]),
    missing: z.array(z.string().min(1)).default([]),
    mode: z.enum(MODES).default('replace'),
    dir: text,
    no_owner: z.boolean().default(false),
    no_safety_backup: z.boolean().default(false),
    accept_damaged: text,
    ignore_space: z.boolean().default(false),
    jobs: z.number().int().min(1, 'expected 1 or more').max(64, 'expected 64 at most').optional(),
    before: text,
    after: text,
  })
  .refine(({ into, in_place }) => into === undefined || !in_place, {
    path: ['into'],
    message: 'goes into a new database, and --in-place replaces the one there is: choose one of them',
  })
  .refine(({ into, database }) => into === undefined || database === undefined, {
    path: ['into'],
    message: 'goes into a new database, and --database names one to replace: choose one of them',
  })
  .refine(({ in_place, no_safety_backup }) => !in_place || !no_safety_backup, {
    path: ['no_safety_backup'],
    message: 'cannot be left out with --in-place: it is the only way back',
  });

export type RestoreInput = z.output<typeof restoreInput>;

const chosen = (raw: RawInput) => Array.isArray(raw.table) && raw.table.length > 0;
const given = (value: RawInput[string]) => value !== undefined && value !== '' && value !== false;

export const restoreFields: Readonly<Record<keyof RestoreInput, Field>> = {
  backup: {
    title: 'Backup',
    hint: 'a backup by its name, or the path of a dump',
    argument: true,
    choices: async (context, raw) => {
      const repository = repositoryDirectory(context, textOf(raw.dir));
      const [backups, usual] = await Promise.all([
        listBackups(repository),
        newestGood(context, repository, raw),
      ]);
      return inOrderOfUse(backups, context.now()).map((one) => ({
        value: one.id,
        hint: choiceHint(one),
        ...(one.id === usual && { usual: true }),
      }));
    },
    none: (known, raw) =>
      `There are no backups in ${repositoryDirectory(known, textOf(raw.dir))}. Make one with pgdeck backup, type the path of a dump, or name another repository.`,
  },
  database: {
    title: 'Database',
    hint: 'the database that is replaced (default: the connected one; from postgres, that of the backup)',
    placeholder: 'name',
    standard: ({ target: { database } }) => (isMaintenance(database) ? 'that of the backup' : database),
    choices: databaseChoices,
    when: (raw) => !given(raw.into),
  },
  into: {
    title: 'New database',
    hint: 'restore into a database of this name, which is created, and replace nothing',
    placeholder: 'name',
    standard: () => 'none, it replaces one',
    when: (raw) => !chosen(raw) && !given(raw.database) && raw.in_place !== true,
  },
  table: {
    title: 'Tables',
    hint: 'only this table, into the database as it is',
    placeholder: 'name',
    standard: () => 'all of it',
    choices: tableChoices,
    when: (raw) => !given(raw.into) && raw.in_place !== true,
  },
  missing: {
    title: 'Missing tables',
    hint: 'a table that has rows now and is not in a dump from elsewhere: it may be gone afterwards',
    placeholder: 'name',
    standard: () => 'none may be missing',
    when: (raw) => !chosen(raw) && !given(raw.into),
  },
  mode: {
    title: 'Mode',
    hint: 'of the rows of chosen tables: replace all, merge by primary key, skip those that exist',
    when: chosen,
  },
  in_place: {
    title: 'In place',
    hint: 'drop the database and create it again, where there is no room for both; nobody can work meanwhile',
    when: (raw) => !chosen(raw) && !given(raw.into),
  },
  no_owner: {
    title: 'Without owners',
    hint: 'give everything to the role that restores, and leave grants out',
    asks: {
      title: 'Owners and grants',
      hint: 'as in the backup; off: all of it belongs to the role that restores',
    },
    when: (raw) => !chosen(raw),
  },
  no_safety_backup: {
    title: 'No safety backup',
    hint: 'do not back up the database first that is replaced',
    asks: { title: 'Safety backup', hint: 'of the database that is replaced, made first' },
    when: (raw) => !given(raw.into) && raw.in_place !== true,
  },
  accept_damaged: {
    title: 'Although damaged',
    hint: 'name of the backup, to restore it although it is known to be damaged',
    placeholder: 'id',
    standard: () => 'one that is damaged is refused',
  },
  ignore_space: {
    title: 'Ignore space',
    hint: 'do it although the disks seem to have no room; the name has to be typed',
  },
  jobs: {
    title: 'Jobs',
    hint: 'tables and indexes that are loaded at the same time (default: the profile’s, else up to 4)',
    placeholder: 'n',
    standard: (known) => String(jobsOf({}, known)),
    when: (raw) => !chosen(raw),
  },
  before: {
    title: 'Command before',
    hint: 'run before clients are interrupted, such as: systemctl stop app',
    placeholder: 'command',
    standard: ({ backup }) => backup.before_restore ?? 'none',
    when: (raw) => !given(raw.into),
  },
  after: {
    title: 'Command after',
    hint: 'run when it is over, whether it succeeded or not, such as: systemctl start app',
    placeholder: 'command',
    standard: ({ backup }) => backup.after_restore ?? 'none',
    when: (raw) => !given(raw.into),
  },
  dir: {
    title: 'Repository',
    hint: 'where the backups are (default: BACKUP_DIR, else the profile’s directory)',
    placeholder: 'directory',
    standard: (known) => repositoryDirectory(known),
  },
};

/** Processes that load: no more than there are processors here, and four at most unless somebody says so. */
export function jobsOf(input: Pick<RestoreInput, 'jobs'>, context: Pick<Known, 'backup' | 'host'>): number {
  return input.jobs ?? context.backup.jobs ?? Math.min(4, context.host.processors);
}

/** The commands around the interruption: those that were given, else the profile's. */
export function hooksOf(
  { before, after }: Pick<RestoreInput, 'before' | 'after'>,
  { backup, runsOn, app }: Pick<OpContext, 'backup' | 'runsOn'> & Partial<Pick<AppContext, 'app'>>,
): Hooks {
  return {
    before: before ?? backup.before_restore,
    after: after ?? backup.after_restore,
    place: runsOn.app,
    ...(app !== undefined && { app: { app, runsOn } }),
  };
}

/** What `newest` means here: the newest that was verified, of the whole database and of this server. */
async function newestGood(
  context: OpContext,
  repository: string,
  raw: RawInput,
): Promise<string | undefined> {
  const named = textOf(raw.database) ?? context.target.database;
  const database = isMaintenance(named) ? undefined : named;
  try {
    const server = await systemIdentifier(await planningSession(context));
    return (await findBackup(repository, NEWEST, database, context.now(), server)).id;
  } catch {
    // then none is meant by most, and the list says what there is
    return undefined;
  }
}

async function databaseChoices(context: OpContext): Promise<FieldChoice[]> {
  const session = await planningSession(context);
  const rows = await session.run(databaseList, undefined);
  return rows
    .filter((row) => !isMaintenance(row.name) && !row.is_template && row.allows_connections)
    .map((row) => ({ value: row.name, hint: row.sessions > 0 ? `${row.sessions} connected` : '' }));
}

async function tableChoices(context: OpContext, raw: RawInput): Promise<FieldChoice[]> {
  const backup = textOf(raw.backup);
  if (backup === undefined) return [];
  const { manifest } = await findBackup(
    repositoryDirectory(context, textOf(raw.dir)),
    backup,
    textOf(raw.database) ?? context.target.database,
    context.now(),
  );
  return (manifest?.tables ?? [])
    .filter(({ rows, kind }) => rows !== null && kind !== 'matview')
    .map(({ schema, name, rows }) => ({
      value: fullName(schema, name),
      hint: plural(rows ?? 0, 'row'),
    }));
}

/** When it was made, how large it is, and what sets it apart: a part of a database, a safety backup. */
function choiceHint(backup: Backup): string {
  const { createdAt, bytes: size, status, scope, manifest } = backup;
  const parts = [moment(createdAt), bytes(size), status];
  if (scope !== null && scope !== 'full') parts.push(scope);
  if (isSafety(backup)) parts.push('safety backup');
  if (manifest?.label) parts.push(manifest.label);
  return parts.join(', ');
}

function textOf(value: RawInput[string]): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
