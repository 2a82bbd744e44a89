import { z } from 'zod';
import type { RemoteSettings } from '../../../config/remote.ts';
import { shellWord } from '../../../text/shell.ts';
import { bytes, plural } from '../../../text/units.ts';
import { defineOperation, type OpContext } from '../../engine/operation.ts';
import type { Plan, StepIo } from '../../engine/plan.ts';
import {
  backupFields,
  backupInput,
  dirFlag,
  factsOf,
  manifestOf,
  named,
} from '../../repository/care/field.ts';
import type { Backup } from '../../repository/repository.ts';
import { type Copy, readCopy } from '../copy/copy.ts';
import { sendCopy } from '../copy/send.ts';
import { refuseOthers } from '../copy/there.ts';
import { remoteErrors } from '../errors.ts';
import { type Known, knownOf, noteAgreed, noteCopy } from '../known/known.ts';
import { diskChecks, mark, refuseSame, refuseUnmounted } from '../known/mark.ts';
import { rateText, sealRate } from '../seal/rate.ts';
import { openStore } from '../store/open.ts';
import { identityCheck, statusCheck, thereChecks } from './checks.ts';

/** Milliseconds in which a store is looked at for a plan. */
const LOOK_MS = 60_000;

/** Copies a backup to where it outlives this machine. */
export const push = defineOperation({
  id: 'backups push',
  input: z.object(backupInput),
  fields: backupFields,
  plan: async (input, context): Promise<Plan> => {
    const { remote } = context.backup;
    if (remote === undefined) throw remoteErrors.none();
    const { backup, directory } = await named(input, context);
    const manifest = manifestOf(backup);
    await refuseSame(remote, directory, context.here);
    const known = await knownOf(directory, remote);
    const { recipients } = remote;
    const { store, found } = await looked(backup, remote, known);
    const agreed = isAgreed(known, recipients);
    const first = (known?.copies.length ?? 0) === 0;
    const dir = dirFlag(input.dir);
    const rate = recipients === undefined ? undefined : await sealRate(recipients);
    const verification = `pgdeck backups verify ${shellWord(backup.id)} --remote${first ? ' --level restore' : ''}${dir}`;
    let copy: Copy | undefined;
    return {
      operation: 'backups push',
      title: `Copy ${backup.id} to ${store.label}`,
      subject: store.label,
      danger: agreed ? 'none' : 'type-name',
      writes: false,
      server: store.label,
      input,
      facts: [
        ...factsOf(backup),
        { label: 'To', value: `${store.label}/${backup.id}` },
        { label: 'Size', value: `${plural(manifest.files.length + 1, 'file')}, ${bytes(backup.bytes)}` },
        {
          label: 'Encrypted',
          value: recipients === undefined ? 'no' : `for ${plural(recipients.length, 'recipient')} of age`,
        },
        ...(rate === undefined ? [] : [{ label: 'Encryption', value: rateText(rate, backup.bytes) }]),
      ],
      checks: [
        statusCheck(backup.status, backup.id),
        ...thereChecks(found, manifest.created_at, store.label),
        ...(await diskChecks(store, remote, known, directory, context.here)),
        ...(recipients === undefined ? [] : [identityCheck(recipients, agreed)]),
      ],
      steps: [
        {
          id: 'send',
          title: 'Send its files, its manifest, and last what makes it a copy',
          preview: `${backup.path} -> ${store.label}/${backup.id}`,
          run: async (io) => {
            // the plan that asks for it was confirmed: from now on crontab does it without
            if (!agreed && recipients !== undefined)
              await noteAgreed(directory, remote, store.label, recipients);
            copy = await pushed(io, context, backup, directory);
            io.line(
              first
                ? `It is the first copy there. To prove that it restores from there: ${verification}`
                : `To read it back: ${verification}`,
            );
          },
        },
      ],
      ...(!agreed && { consequence: WITHOUT }),
      reaches: () =>
        `The copy in ${store.label} is whole, as far as it tells${copy === undefined ? '' : `: ${plural(copy.files.length, 'file')}, ${bytes(copy.bytes)}`}. The backup here was only read.`,
      leaves: () =>
        `The backup here was only read. What was sent of it is no copy yet, and nobody lists it as one; the same command goes on: pgdeck backups push ${shellWord(backup.id)}${dir}`,
      // the first one tells whether the way back is one, and the identity the right one
      follows: () => (first ? verification : undefined),
    };
  },
});

const WITHOUT =
  'Without the identity that belongs to one of the recipients nothing can be restored from it. pgdeck has it nowhere: keep it where this machine is not.';

/**
 * Copies a backup of the repository to the profile's place for copies, and notes it in `directory`. Throws {@link OpError}: also where
 * it is encrypted, and nobody has confirmed that yet.
 */
export async function pushed(
  io: StepIo,
  context: OpContext,
  backup: Backup,
  directory: string,
): Promise<Copy> {
  const { remote } = context.backup;
  if (remote === undefined) throw remoteErrors.none();
  await refuseSame(remote, directory, context.here);
  const known = await knownOf(directory, remote);
  const { recipients } = remote;
  if (!isAgreed(known, recipients)) throw remoteErrors.notAgreed({ id: backup.id });
  const store = await openStore(remote, io.signal);
  try {
    io.record({ store: store.label, sending: backup.id });
    await mark(store, directory, remote, known, { signal: io.signal });
    const manifest = manifestOf(backup);
    const sending = { store, backup: { ...backup, manifest }, recipients, now: context.now() };
    const copy = await sendCopy(sending, io);
    await noteCopy(directory, remote, store.label, copy);
    return copy;
  } finally {
    await store.close();
  }
}

/** Whether a person has confirmed that what is for these recipients is of no use without an identity. */
function isAgreed(known: Known | undefined, recipients: readonly string[] | undefined): boolean {
  if (recipients === undefined) return true;
  return JSON.stringify([...recipients].sort()) === JSON.stringify([...(known?.agreed ?? [])].sort());
}

/** What is there of that name. */
async function looked(backup: Backup, remote: RemoteSettings, known: Known | undefined) {
  const io = { signal: AbortSignal.timeout(LOOK_MS) };
  const store = await openStore(remote, io.signal);
  try {
    await refuseUnmounted(store, known, io);
    const found = await readCopy(store, backup.id, io);
    if (found.foreign) await refuseOthers(store, { ...backup, manifest: manifestOf(backup) }, io);
    return { store, found };
  } finally {
    await store.close();
  }
}
