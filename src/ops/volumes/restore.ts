import { join } from 'node:path';
import { z } from 'zod';
import type { Container } from '../../hosts/docker/inspect.ts';
import { bytes, plural } from '../../text/units.ts';
import { sha256File } from '../archive/checksum.ts';
import { readTarFile } from '../archive/tar/file.ts';
import { defineOperation, type Field, type OpContext } from '../engine/operation.ts';
import type { Check, Plan, Step } from '../engine/plan.ts';
import { sentenceOf } from '../error.ts';
import { backupFields, backupInput, named } from '../repository/care/field.ts';
import type { ManifestVolume } from '../repository/manifest.ts';
import type { Backup } from '../repository/repository.ts';
import { volumesErrors } from './errors.ts';
import { lookInto } from './look.ts';
import { keptName, writerChecks } from './plan.ts';
import { recoverVolumes } from './recover.ts';
import { containerOf, sourceText, volumeExists } from './source.ts';
import { roomChecks, shapeChecks } from './space.ts';
import { type Filling, fillStep, keepStep } from './steps.ts';
import { undoVolumes } from './undo.ts';

export const restoreVolumeInput = z.object({
  id: backupInput.id,
  name: z.string(),
  accept: z.array(z.enum(['writers', 'space'])).default([]),
  dir: backupInput.dir,
});

type Input = z.output<typeof restoreVolumeInput>;

const fields: Readonly<Record<keyof Input, Field>> = {
  id: backupFields.id,
  name: {
    title: 'Volume',
    hint: 'the volume or the path, as backups show has it',
    argument: true,
    choices: async (context, raw) => {
      const { id, dir } = raw;
      if (typeof id !== 'string') return [];
      const of = { id, dir: typeof dir === 'string' ? dir : undefined };
      const found = await named(of, context).catch(() => undefined);
      return (found?.backup.manifest?.volumes ?? []).map((one) => ({ value: one.name, hint: textOf(one) }));
    },
    none: () => 'The backup has no volumes: the profile names them in backup.volumes.',
  },
  accept: {
    title: 'Accept',
    hint: 'writers: containers run that may write to it; space: there may be too little of it',
    placeholder: 'what',
    standard: () => 'neither writers nor too little space',
  },
  dir: backupFields.dir,
};

const textOf = ({ files, content_bytes: size }: ManifestVolume): string =>
  `${plural(files, 'file')}, ${bytes(size)}`;

/** Puts the content of a volume back as a backup has it; what was there is kept in another volume. */
export const volumesRestore = defineOperation({
  id: 'volumes restore',
  input: restoreVolumeInput,
  fields,
  plan: planRestore,
  undo: undoVolumes,
  recover: recoverVolumes,
  recoversOffline: true,
});

async function planRestore(input: Input, context: OpContext): Promise<Plan> {
  const { directory, backup } = await named(input, context);
  const volume = volumeIn(backup, input.name);
  const { name, source } = volume;
  const container = await containerOf(context);
  const inUse = input.accept.includes('writers');
  const there = source.kind === 'bind' || (await volumeExists(source.name));
  const found = there ? [{ name, source }] : [];
  const { volumes, room } = await lookInto(found, { here: context.here, container });
  const [seen] = volumes;
  const kept = there ? keptName(name, context.now()) : undefined;
  const filling: Filling = {
    ...{ context, container, place: { name, source, kept }, inUse },
    ...{ begun: false, back: false },
  };
  const takes = { archive: volume.bytes, content: volume.content_bytes };
  const file = join(backup.path, volume.path);
  return {
    operation: 'volumes restore',
    title: `Restore the volume ${name}`,
    subject: name,
    danger: 'type-name',
    writes: true,
    server: context.place,
    input: { ...input, id: backup.id },
    facts: [
      { label: 'Backup', value: `${backup.id}, in ${directory}` },
      { label: 'Volume', value: there ? sourceText(source) : `${sourceText(source)}, which is made` },
      { label: 'Archived', value: textOf(volume) },
      ...(kept === undefined ? [] : [{ label: 'Kept', value: `what is there now, in the volume ${kept}` }]),
    ],
    checks: [
      ...(await serverChecks(container, volume)),
      ...(await writerChecks(source, name, inUse)),
      ...(seen === undefined ? [] : shapeChecks(seen)),
      ...roomChecks(room, seen, takes, input.accept.includes('space')),
      ...changedCheck(volume),
    ],
    steps: [readStep(file, volume), keepStep(filling), fillStep(filling, { file, digest: volume.digest })],
    consequence:
      kept === undefined
        ? `${name} is made anew.`
        : `Everything in ${name} is replaced; what is there now is kept in the volume ${kept}.`,
    ...(kept !== undefined && { undo: 'undo' as const }),
    leaves: () => leaves(filling),
    reaches: () =>
      `${name} is as it was archived${kept === undefined ? '' : `; what was there before is in the volume ${kept}, until you remove it`}.`,
  };
}

function volumeIn({ id, manifest }: Backup, name: string): ManifestVolume {
  const volumes = manifest?.volumes ?? [];
  const found = volumes.find((one) => one.name === name);
  if (found !== undefined) return found;
  const has = volumes.length === 0 ? 'it has none' : `it has ${volumes.map((one) => one.name).join(', ')}`;
  throw volumesErrors.noneInBackup({ id, has });
}

/** The data of a server is no volume that anybody restores: it would be gone whatever is put there. */
async function serverChecks(container: Container, { name, source }: ManifestVolume): Promise<Check[]> {
  const data = container.environment.PGDATA ?? '/var/lib/postgresql/data';
  const mounted = container.mounts.find(({ type, name: volume, source: path }) =>
    source.kind === 'volume' ? volume === source.name : type === 'bind' && path === source.path,
  );
  if (mounted === undefined || !`${data}/`.startsWith(`${mounted.destination.replace(/\/$/, '')}/`))
    return [];
  const detail = `${name} has the data of the server (${data}): its databases are restored with pgdeck restore.`;
  return [{ title: 'Server', status: 'block', detail }];
}

function changedCheck({ changed }: ManifestVolume): Check[] {
  if (changed === 0) return [];
  const detail = `${plural(changed, 'file')} changed while it was archived, and may be half of what it should be.`;
  return [{ title: 'Archive', status: 'warn', detail }];
}

/** Nothing is emptied before it is known that there is something to put in its place. */
function readStep(file: string, { path, sha256, digest }: ManifestVolume): Step {
  return {
    id: 'read',
    title: 'Read the archive to its end and compare it',
    preview: `sha256 of ${file}; gzip -dc | tar -t`,
    run: async (io) => {
      const sum = await sha256File(file, io.signal).catch((error: unknown) => {
        throw volumesErrors.unread({ path, why: sentenceOf(error) }, error);
      });
      if (sum !== sha256) throw volumesErrors.otherBytes({ path });
      const found = await readTarFile(file, io.signal);
      if (found.escapes !== undefined) throw volumesErrors.escapes({ path, entry: found.escapes });
      if (found.digest !== digest) throw volumesErrors.otherBytes({ path });
      io.line(`${path}: ${plural(found.files, 'file')}, ${bytes(found.bytes)}`);
    },
  };
}

function leaves({ place: { name, kept }, begun, back }: Filling): string {
  if (!begun) return `${name} was not touched.`;
  if (back)
    return kept === undefined ? `${name} is not there, as before.` : `${name} has what it had before.`;
  return kept === undefined
    ? `${name} is not whole.`
    : `${name} is not whole; what it had is in the volume ${kept}.`;
}
