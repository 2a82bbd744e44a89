import { shellWord } from '../../../text/shell.ts';
import { moment, plural } from '../../../text/units.ts';
import type { Check } from '../../engine/plan.ts';
import type { Found } from '../copy/copy.ts';

/** Whether the backup is one that is worth copying. */
export function statusCheck(status: string, id: string): Check {
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

/** What the store has of that name already. */
export function thereChecks({ copy, unreadable }: Found, createdAt: string, store: string): Check[] {
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
        detail: `${store} has another backup of that name, made ${moment(copy.created_at)}. Another prefix keeps them apart: fix "remote" in the profile.`,
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

/** Whether somebody has said that the identity is kept. */
export function identityCheck(recipients: readonly string[], agreed: boolean): Check {
  const title = 'Identity';
  if (agreed)
    return { title, status: 'ok', detail: 'It was confirmed before that the identity is kept elsewhere.' };
  return {
    title,
    status: 'warn',
    detail: `Only the identity of ${plural(recipients.length, 'recipient')} reads it, and pgdeck never asks for that to encrypt. Make sure that you have it, and that it is not only on this machine.`,
  };
}
