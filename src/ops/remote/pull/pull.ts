import { join } from 'node:path';
import { z } from 'zod';
import { shellWord } from '../../../text/shell.ts';
import { bytes, moment, plural } from '../../../text/units.ts';
import { defineOperation, type Field, type OpContext } from '../../engine/operation.ts';
import type { Check, Fact, Plan } from '../../engine/plan.ts';
import { backupFields, dirFlag } from '../../repository/care/field.ts';
import type { Manifest } from '../../repository/manifest.ts';
import { placeOf } from '../../repository/place.ts';
import { type Backup, listBackups, repositoryDirectory } from '../../repository/repository.ts';
import type { Copy } from '../copy/copy.ts';
import { listCopies } from '../list/list.ts';
import { fetchInto, sizeHere } from './fetch.ts';
import { copyNamed, type Readable } from './named.ts';
import { recoverFetch } from './recover.ts';

export const copyFields: { readonly id: Field; readonly identity: Field } = {
  id: {
    title: 'Copy',
    hint: 'the copy by its name; newest: the newest good one',
    argument: true,
    choices: async (context, raw) => copyChoices(context, raw.dir),
    none: () => 'There are no copies. Make one with: pgdeck backups push',
  },
  identity: {
    title: 'Identity',
    hint: 'the file with the identity of age, where it is encrypted and neither environment nor profile has it',
    placeholder: 'file',
    standard: ({ backup }) => backup.remote?.identity_file ?? 'none',
  },
};

/** The copies that are whole, to choose from. Throws {@link OpError}. */
export async function copyChoices(context: OpContext, dir: unknown) {
  const directory = repositoryDirectory(context, typeof dir === 'string' ? dir : undefined);
  const { found } = await listCopies(context, directory, context.now());
  return found.flatMap(({ id, copy }) => {
    if (copy === undefined) return [];
    const hint = `${copy.database}, ${bytes(copy.bytes)}${copy.recipients === null ? '' : ', encrypted'}`;
    return [{ value: id, hint }];
  });
}

/** What a person knows a copy by. */
export const copyFacts = ({ copy, label }: Readable): Fact[] => [
  { label: 'From', value: `${label}/${copy.id}` },
  { label: 'Database', value: copy.database },
  { label: 'Made', value: moment(copy.created_at) },
  { label: 'Size', value: `${plural(copy.files.length, 'file')}, ${bytes(copy.bytes)}` },
  { label: 'Encrypted', value: copy.recipients === null ? 'no' : 'yes; an identity was given that reads it' },
];

/** Fetches a copy into the repository, every byte compared with what was stored and with what the backup was. */
export const pull = defineOperation({
  id: 'backups pull',
  input: z.object({ id: z.string(), identity: z.string().optional(), dir: z.string().optional() }),
  fields: { ...copyFields, dir: backupFields.dir },
  plan: async (input, context): Promise<Plan> => {
    const directory = repositoryDirectory(context, input.dir);
    const readable = await copyNamed(input, directory, context);
    const { copy, label } = readable;
    const named = (await listBackups(directory)).filter(({ manifest }) => manifest !== undefined);
    const here = named.find((one) => one.status !== 'damaged' && isSame(one.manifest, readable.manifest));
    if (here !== undefined) return planNothing(here.id, input, readable, directory);
    const other = named.find(({ id }) => id === copy.id);
    let made: string | undefined;
    return {
      operation: 'backups pull',
      title: `Fetch ${copy.id} from ${label}`,
      subject: copy.id,
      danger: 'none',
      writes: false,
      server: label,
      input,
      facts: [...copyFacts(readable), { label: 'Into', value: directory }],
      checks: await checks(readable, directory, other, context),
      steps: [
        {
          id: 'fetch',
          title: 'Fetch its files and compare every byte',
          preview: `${label}/${copy.id} -> ${join(directory, copy.id)}`,
          run: async (io) => {
            made = await fetchInto(io, context, readable, directory);
            io.line(
              `To prove that it restores: pgdeck backups verify ${shellWord(made)} --level restore${dirFlag(input.dir)}`,
            );
          },
        },
      ],
      reaches: () =>
        `${made ?? copy.id} is in ${directory}, every byte as it was when it was made; the copy in ${label} was only read.`,
      follows: () =>
        `pgdeck backups verify ${shellWord(made ?? copy.id)} --level restore${dirFlag(input.dir)}`,
      leaves: () => `Nothing of it is listed in ${directory}; the copy in ${label} was only read.`,
    };
  },
  recover: recoverFetch,
});

/** What a verification, a pin or a label changes is not compared: each file is, by its sum. */
function isSame(one: Manifest | undefined, { created_at, files }: Manifest): boolean {
  const sums = new Map(files.map(({ path, sha256 }) => [path, sha256]));
  return (
    one?.created_at === created_at &&
    one.files.length === files.length &&
    one.files.every(({ path, sha256 }) => sums.get(path) === sha256)
  );
}

function planNothing(id: string, input: Plan['input'], readable: Readable, directory: string): Plan {
  const verify = `pgdeck backups verify ${shellWord(id)} --level checksum${dirFlag(input.dir as string | undefined)}`;
  return {
    operation: 'backups pull',
    title: `${id} is here already`,
    subject: readable.copy.id,
    danger: 'none',
    writes: false,
    server: readable.label,
    input,
    facts: [...copyFacts(readable), { label: 'Into', value: directory }],
    checks: [
      {
        title: 'Here',
        status: 'ok',
        detail: `${id} in ${directory} has the same files with the same checksums, by its manifest: nothing is fetched. Whether its bytes are still those tells: ${verify}`,
      },
    ],
    steps: [],
    reaches: () => `${id} was in ${directory} already; nothing was fetched.`,
    follows: () => verify,
    leaves: () => `Nothing was fetched; the copy in ${readable.label} was only read.`,
  };
}

async function checks(
  { copy }: Readable,
  directory: string,
  other: Backup | undefined,
  { here }: OpContext,
): Promise<Check[]> {
  const found: Check[] = [];
  const needed = sizeHere(copy);
  const free = await here.files.free(await placeOf(directory)).catch(() => undefined);
  if (free !== undefined)
    found.push({
      title: 'Room',
      status: free > needed ? 'ok' : 'block',
      detail: `${bytes(needed)} are needed in ${directory}, and ${bytes(free)} are free.${free > needed ? '' : ' Make room there, or name another directory with --dir.'}`,
    });
  if (other !== undefined)
    found.push({
      title: 'Here',
      status: 'warn',
      detail: `${otherText(other, copy)}: what is fetched gets another name beside it.`,
    });
  return found;
}

/** How a backup of that name differs from its copy. */
function otherText({ id, createdAt, status }: Backup, copy: Copy): string {
  if (createdAt.getTime() !== Date.parse(copy.created_at))
    return `The ${id} that is here is another backup, made ${moment(createdAt)}`;
  return status === 'damaged'
    ? `The ${id} that is here is damaged`
    : `The ${id} that is here has other files`;
}
