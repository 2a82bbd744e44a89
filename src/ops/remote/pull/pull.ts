import { join } from 'node:path';
import { z } from 'zod';
import { shellWord } from '../../../text/shell.ts';
import { bytes, plural } from '../../../text/units.ts';
import { defineOperation, type Field, type OpContext } from '../../engine/operation.ts';
import type { Check, Plan, StepIo } from '../../engine/plan.ts';
import { backupFields, dirFlag } from '../../repository/care/field.ts';
import type { Manifest } from '../../repository/manifest.ts';
import { discard, type PartialBackup, partialDirectory, publish } from '../../repository/publish.ts';
import { listBackups, repositoryDirectory } from '../../repository/repository.ts';
import { readManifest } from '../../repository/update.ts';
import { type Copy, findCopies, readCopy } from '../copy/copy.ts';
import { fetchCopy } from '../copy/fetch.ts';
import { remoteErrors } from '../errors.ts';
import { identitiesFor } from '../seal/identities.ts';
import { openStore } from '../store/open.ts';
import { sweepFetched } from './leftovers.ts';

/** Milliseconds in which a store is looked at for a plan. */
const LOOK_MS = 60_000;

export const copyFields: { readonly id: Field; readonly identity: Field } = {
  id: {
    title: 'Copy',
    hint: 'the copy, as backups list --remote has it',
    argument: true,
    choices: async ({ backup }) => {
      const store = await openStore(backup.remote);
      const io = { signal: AbortSignal.timeout(LOOK_MS) };
      const found = await findCopies(store, io).finally(() => store.close());
      return found.flatMap(({ id, copy }) =>
        copy === undefined
          ? []
          : [
              {
                value: id,
                hint: `${copy.database}, ${bytes(copy.bytes)}${copy.recipients ? ', encrypted' : ''}`,
              },
            ],
      );
    },
    none: () => 'There are no copies. Make one with: pgdeck backups push',
  },
  identity: {
    title: 'Identity',
    hint: 'the file with the identity of age, where it is encrypted and neither environment nor profile has it',
    placeholder: 'file',
    standard: ({ backup }) => backup.remote?.identity_file ?? '',
  },
};

/** Fetches a copy into the repository, every byte compared with what was stored and with what the backup was. */
export const pull = defineOperation({
  id: 'backups pull',
  input: z.object({ id: z.string(), identity: z.string().optional(), dir: z.string().optional() }),
  fields: { ...copyFields, dir: backupFields.dir },
  plan: async (input, context): Promise<Plan> => {
    const directory = repositoryDirectory(context, input.dir);
    const { copy, label } = await copyNamed(input.id, context);
    const identities = copy.recipients === null ? [] : await identitiesFor(context, input.identity);
    if (copy.recipients !== null && identities.length === 0)
      throw remoteErrors.needsIdentity({ id: copy.id });
    let made: string | undefined;
    return {
      operation: 'backups pull',
      title: `Fetch ${copy.id} from ${label}`,
      subject: copy.id,
      danger: 'none',
      writes: false,
      server: label,
      input,
      facts: [
        { label: 'From', value: `${label}/${copy.id}` },
        { label: 'Into', value: directory },
        { label: 'Database', value: copy.database },
        { label: 'Made', value: copy.created_at },
        { label: 'Size', value: `${plural(copy.files.length, 'file')}, ${bytes(copy.bytes)}` },
        { label: 'Encrypted', value: copy.recipients === null ? 'no' : 'yes' },
      ],
      checks: await checks(copy, directory, context),
      steps: [
        {
          id: 'fetch',
          title: 'Fetch its files and compare every byte',
          preview: `${label}/${copy.id} -> ${join(directory, copy.id)}`,
          run: async (io) => {
            made = await fetchInto(io, context, copy, identities, directory);
          },
        },
      ],
      reaches: () =>
        `${made ?? copy.id} is in ${directory}, every byte as it was when it was made. To prove that it restores: pgdeck backups verify ${shellWord(made ?? copy.id)} --level restore${dirFlag(input.dir)}`,
      leaves: () => `Nothing of it is listed in ${directory}; the copy in ${label} was only read.`,
    };
  },
});

/** The copy of that name, and the label of its store. Throws {@link OpError}. */
export async function copyNamed(
  id: string,
  { backup }: Pick<OpContext, 'backup'>,
): Promise<{ copy: Copy; label: string }> {
  const store = await openStore(backup.remote);
  try {
    const io = { signal: AbortSignal.timeout(LOOK_MS) };
    const { copy } = await readCopy(store, id, io);
    if (copy !== undefined) return { copy, label: store.label };
    const there = await store.files(id, io);
    throw there.length === 0
      ? remoteErrors.noCopy({ store: store.label, id })
      : remoteErrors.unfinished({ store: store.label, id });
  } finally {
    await store.close();
  }
}

async function checks(copy: Copy, directory: string, { here }: OpContext): Promise<Check[]> {
  const found: Check[] = [];
  const needed = copy.files.reduce((sum, { plain }) => sum + plain.bytes, 0);
  const free = await here.files.free(directory).catch(() => undefined);
  if (free !== undefined)
    found.push({
      title: 'Room',
      status: free > needed ? 'ok' : 'block',
      detail: `${bytes(needed)} are needed in ${directory}, and ${bytes(free)} are free.${free > needed ? '' : ' Make room there, or name another directory with --dir.'}`,
    });
  const same = (await listBackups(directory)).find(({ id }) => id === copy.id);
  if (same !== undefined)
    found.push({
      title: 'Here',
      status: 'warn',
      detail: `There is a ${copy.id} here already (${same.status}): what is fetched gets another name beside it.`,
    });
  return found;
}

async function fetchInto(
  io: StepIo,
  context: OpContext,
  copy: Copy,
  identities: readonly string[],
  directory: string,
): Promise<string> {
  const store = await openStore(context.backup.remote, io.signal);
  let partial: PartialBackup | undefined;
  try {
    await sweepFetched(directory, copy.id);
    partial = await partialDirectory(directory, copy.id, io.run);
    io.record({ partial: partial.path });
    await fetchCopy({ store, copy, identities }, partial.path, io);
    const manifest = await readManifest(partial.path);
    refuseOthers(manifest, copy, store.label);
    io.crashPoint('fetch:whole');
    await publish(partial, { ...manifest, id: partial.id });
    return partial.id;
  } catch (error) {
    if (partial !== undefined) await discard(partial);
    throw error;
  } finally {
    await store.close();
  }
}

/** The manifest is the copy's own: it names the files that came, and what they are. */
function refuseOthers({ id, files }: Manifest, copy: Copy, store: string): void {
  const sums = new Map(copy.files.map(({ path, plain }) => [path, plain.sha256]));
  const same =
    id === copy.id &&
    files.length === copy.files.length - 1 &&
    files.every(({ path, sha256 }) => sums.get(path) === sha256);
  if (!same) throw remoteErrors.otherManifest({ store, id: copy.id });
}
