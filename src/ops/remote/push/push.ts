import { z } from 'zod';
import { shellWord } from '../../../text/shell.ts';
import { bytes, plural } from '../../../text/units.ts';
import { defineOperation } from '../../engine/operation.ts';
import type { Check, Plan } from '../../engine/plan.ts';
import {
  backupFields,
  backupInput,
  dirFlag,
  factsOf,
  manifestOf,
  named,
} from '../../repository/care/field.ts';
import { type Copy, type Found, readCopy } from '../copy/copy.ts';
import { sendCopy } from '../copy/send.ts';
import { openStore } from '../store/open.ts';

/** Copies a backup to where it outlives this machine. */
export const push = defineOperation({
  id: 'backups push',
  input: z.object(backupInput),
  fields: backupFields,
  plan: async (input, context): Promise<Plan> => {
    const { backup } = await named(input, context);
    const manifest = manifestOf(backup);
    const { remote } = context.backup;
    const store = await openStore(remote);
    const found = await readCopy(store, backup.id, { signal: AbortSignal.timeout(LOOK_MS) }).finally(() =>
      store.close(),
    );
    const recipients = remote?.recipients;
    const dir = dirFlag(input.dir);
    let copy: Copy | undefined;
    return {
      operation: 'backups push',
      title: `Copy ${backup.id} to ${store.label}`,
      subject: store.label,
      danger: recipients === undefined ? 'none' : 'confirm',
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
      ],
      checks: [
        statusCheck(backup.status, backup.id),
        ...thereChecks(found, manifest.created_at, store.label),
      ],
      steps: [
        {
          id: 'send',
          title: 'Send its files, its manifest, and last what makes it a copy',
          preview: `${backup.path} -> ${store.label}/${backup.id}`,
          run: async (io) => {
            const open = await openStore(remote, io.signal);
            io.record({ store: open.label, sending: backup.id });
            try {
              copy = await sendCopy(
                { store: open, backup: { ...backup, manifest }, recipients, now: context.now() },
                io,
              );
            } finally {
              await open.close();
            }
          },
        },
      ],
      ...(recipients !== undefined && {
        consequence:
          'Without the identity that belongs to one of the recipients nothing can be restored from it. pgdeck has it nowhere: keep it where this machine is not.',
      }),
      reaches: () =>
        `${copy === undefined ? 'The copy' : `${plural(copy.files.length, 'file')}, ${bytes(copy.bytes)}:`} in ${store.label} is whole, as far as it tells; the backup here was only read. To read it back: pgdeck backups verify ${shellWord(backup.id)} --remote${dir}`,
      leaves: () =>
        `The backup here was only read. What was sent of it is no copy yet, and nobody lists it as one; the same command goes on: pgdeck backups push ${shellWord(backup.id)}${dir}`,
    };
  },
});

/** Milliseconds in which a store is looked at for a plan. */
const LOOK_MS = 60_000;

function statusCheck(status: string, id: string): Check {
  const title = 'Proven';
  if (status === 'ok') return { title, status: 'ok', detail: 'A verification of it holds.' };
  if (status === 'damaged')
    return {
      title,
      status: 'block',
      detail: `It is damaged: a copy of it would be, too. See: pgdeck backups show ${shellWord(id)}`,
    };
  return {
    title,
    status: 'warn',
    detail: `It was never verified. First: pgdeck backups verify ${shellWord(id)}`,
  };
}

function thereChecks({ copy, unreadable }: Found, createdAt: string, store: string): Check[] {
  const title = 'There';
  if (unreadable)
    return [
      { title, status: 'warn', detail: `What ${store} has of that name cannot be read: it is written over.` },
    ];
  if (copy === undefined) return [];
  if (copy.created_at !== createdAt)
    return [
      {
        title,
        status: 'block',
        detail: `${store} has another backup of that name, made ${copy.created_at}. Another prefix keeps them apart: fix "remote" in the profile.`,
      },
    ];
  return [
    {
      title,
      status: 'warn',
      detail: `It was copied there at ${copy.pushed_at}; what differs is sent again.`,
    },
  ];
}
