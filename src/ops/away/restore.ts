import { z } from 'zod';
import { fullName } from '../../db/ident.ts';
import { shellWord } from '../../text/shell.ts';
import { moment, plural } from '../../text/units.ts';
import { isMaintenance } from '../database/maintenance.ts';
import { type Run, readRun } from '../engine/journal/runs.ts';
import type { AnyOperation, FieldChoice, OpContext, RawInput } from '../engine/operation.ts';
import type { Check, Plan, StepIo } from '../engine/plan.ts';
import { type PartEnd, runPart } from '../project/part/run.ts';
import { fetchInto, landing, whileFetched } from '../remote/pull/fetch.ts';
import { copyNamed, type Readable } from '../remote/pull/named.ts';
import { copyChoices, copyFacts, copyFields } from '../remote/pull/pull.ts';
import { recoverFetch } from '../remote/pull/recover.ts';
import { listBackups, repositoryDirectory } from '../repository/repository.ts';
import type { RestoreInput } from '../restore/input.ts';
import { restore as here } from '../restore/restore.ts';

const { backup: backupField, ...others } = here.fields;
const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);

/** Which backup, and where from: what can be chosen of it depends on that. */
function fieldsFirst(): AnyOperation['fields'] {
  if (backupField === undefined) throw new Error('a restore is of a backup');
  return {
    backup: {
      ...backupField,
      choices: async (context, raw) =>
        raw.remote === true
          ? copyChoices(context, raw.dir)
          : ((await backupField.choices?.(context, raw)) ?? []),
    },
    remote: {
      title: 'Copy elsewhere',
      hint: 'the copy of it that is elsewhere: it is fetched first, every byte compared',
    },
    identity: { ...copyFields.identity, when: ({ remote }) => remote === true },
  };
}

function tableField(): AnyOperation['fields'] {
  const { table } = others;
  if (table === undefined) throw new Error('a restore is of tables, too');
  return {
    table: {
      ...table,
      choices: async (context, raw) =>
        raw.remote === true ? tablesOf(context, raw) : ((await table.choices?.(context, raw)) ?? []),
    },
  };
}

/** The tables of a copy that was named. Throws {@link OpError}. */
async function tablesOf(context: OpContext, raw: RawInput): Promise<FieldChoice[]> {
  const id = text(raw.backup);
  if (id === undefined) return [];
  const directory = repositoryDirectory(context, text(raw.dir));
  const { manifest } = await copyNamed({ id, identity: text(raw.identity) }, directory, context);
  return manifest.tables
    .filter(({ rows, kind }) => rows !== null && kind !== 'matview')
    .map(({ schema, name, rows }) => ({ value: fullName(schema, name), hint: plural(rows ?? 0, 'row') }));
}

type Input = RestoreInput & { readonly identity?: string };

/** Restores a backup: one that is here, or the copy of one that is elsewhere, which is fetched first. */
export const restore: AnyOperation = {
  ...here,
  input: here.input.safeExtend({
    remote: z.boolean().default(false),
    identity: z.string().min(1).optional(),
  }),
  fields: { ...fieldsFirst(), ...others, ...tableField() },
  plan: async ({ remote, ...input }, context) =>
    remote === true ? planRemote(input as Input, context) : here.plan(input, context),
  undo: async (run, context) => {
    const part = partOf(run, context);
    const undo = here.undo;
    if (undo === undefined) throw new Error('a restore can be taken back');
    return undo(part ?? run, context);
  },
  recover: async (run, context) => (await recoverFetch(run)) ?? (await here.recover?.(run, context)),
};

/** The restore itself, of a run that has fetched what it restored. */
function partOf({ facts }: Run, { journal }: OpContext): Run | undefined {
  return typeof facts.part === 'string' ? readRun(journal, facts.part) : undefined;
}

async function planRemote({ identity, ...input }: Input, context: OpContext): Promise<Plan> {
  const directory = repositoryDirectory(context, input.dir);
  const readable = await copyNamed({ id: input.backup, identity }, directory, context);
  const { copy, label } = readable;
  const where = await landing(copy, directory, context);
  const database = targetOf(input, readable, context);
  const tables = input.table.length > 0;
  const kept = where.kind === 'repository';
  const drop = `pgdeck db drop ${shellWord(database)}`;
  let ended: PartEnd | undefined;
  let name = copy.id;
  const part = async (io: StepIo, backup: string) => {
    ended = await runPart(
      context,
      io,
      { operation: 'restore', database: context.target.database, input: { ...input, backup } },
      'type-name',
    );
    io.record({ part: ended.run });
  };
  const restoring = `pgdeck restore ${shellWord(copy.id)}${wordsOf(input)}`;
  return {
    operation: 'restore',
    title: `Restore ${database} from the copy of ${copy.id} in ${label}`,
    subject: database,
    danger: 'type-name',
    writes: true,
    server: context.place,
    input: { ...input, identity, remote: true },
    facts: [
      ...copyFacts(readable),
      { label: 'Fetched into', value: `${where.directory}${kept ? ', where it stays' : ''}` },
      { label: 'Restored into', value: `${database} on ${context.place}` },
    ],
    checks: [where.check, ...(await hereChecks(readable, directory))],
    steps: [
      ...(kept
        ? [
            {
              id: 'fetch',
              title: 'Fetch its files and compare every byte',
              preview: `${label}/${copy.id} -> ${directory}`,
              run: async (io: StepIo) => {
                name = await fetchInto(io, context, readable, directory);
              },
            },
          ]
        : []),
      {
        id: 'restore',
        title: `${kept ? 'Restore it' : 'Fetch it, comparing every byte, and restore it'}, as a run of its own with its own checks`,
        preview: kept ? restoring : `${label}/${copy.id} -> ${where.directory}\n${restoring}`,
        run: (io) =>
          kept ? part(io, name) : whileFetched(io, context, readable, where, ({ path }) => part(io, path)),
      },
    ],
    undo: input.into === undefined ? 'undo' : { command: drop },
    // one that was there and empty stays
    undoableWhenDone: () =>
      input.into === undefined ? typeof ended?.undo === 'string' : ended?.undo === drop,
    undoableInPart: () => false,
    consequence: tables
      ? `What it does to the rows of the chosen tables of ${database} is what restore does with a backup that is here; it is checked when it is fetched.`
      : input.into === undefined
        ? `${database} is replaced by the backup of ${moment(copy.created_at)}: sessions that are connected are ended, and what was written since is no longer there. What was there is kept or saved first, as with a backup that is here.`
        : `A database ${database} is made; nothing is replaced.`,
    reaches: () =>
      `${database} holds what the copy in ${label} has${kept ? `; ${name} is in ${directory}, too` : ''}.`,
    leaves: ({ done }) =>
      done.has('fetch')
        ? `${name} is in ${directory}, whole. What the restore has left is said above; it goes on without fetching: pgdeck restore ${shellWord(name)}${wordsOf(input)}`
        : `The copy in ${label} was only read, and nothing that was fetched of it is listed.`,
  };
}

function targetOf({ into, database }: Input, { copy }: Readable, { target }: OpContext): string {
  return into ?? database ?? (isMaintenance(target.database) ? copy.database : target.database);
}

async function hereChecks({ copy }: Readable, directory: string): Promise<Check[]> {
  const same = (await listBackups(directory)).find(
    ({ id, createdAt }) =>
      id === copy.id && createdAt.toISOString() === new Date(copy.created_at).toISOString(),
  );
  if (same === undefined || same.status === 'damaged') return [];
  return [
    {
      title: 'Here',
      status: 'warn',
      detail: `${copy.id} is here, too (${same.status}), and need not be fetched: leave --remote out.`,
    },
  ];
}

/** The flags that say what is restored where. */
function wordsOf({ into, database, in_place, table, dir }: Input): string {
  const words = [
    ...(into === undefined ? [] : ['--into', into]),
    ...(database === undefined ? [] : ['--database', database]),
    ...(in_place ? ['--in-place'] : []),
    ...table.flatMap((one) => ['--table', one]),
    ...(dir === undefined ? [] : ['--dir', dir]),
  ];
  return words.map((word) => ` ${shellWord(word)}`).join('');
}
