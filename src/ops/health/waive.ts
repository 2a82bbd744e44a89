import { z } from 'zod';
import type { WaiverSettings } from '../../config/settings.ts';
import { shellWord } from '../../text/shell.ts';
import { defineOperation } from '../engine/operation.ts';
import { healthErrors } from './errors.ts';
import { changeWaivers, waiversOf } from './waivers.ts';

const ID = {
  title: 'Finding',
  hint: 'as health lists it; check alone waives all of its findings, check:* those beyond its ten worst',
  argument: true,
} as const;

const input = z.object({
  id: z.string().regex(/^[a-z0-9_]+(:.+)?$/s, 'expected an id such as index_unused:orders_by_day'),
  until: z.iso.date('expected a day such as 2026-12-31'),
  reason: z.string().trim().min(1, 'expected a text that says why'),
});

/** `pgdeck health waive`: somebody knows of a finding and lives with it to the end of a day. */
export const waive = defineOperation({
  id: 'health waive',
  input,
  fields: {
    id: ID,
    until: { title: 'Until', hint: 'the last day on which it is waived: 2026-12-31', placeholder: 'date' },
    reason: { title: 'Reason', hint: 'why it is lived with', placeholder: 'text' },
  },
  plan: async ({ id, until, reason }, context) => {
    const { file, profile, waivers } = waiversOf(context);
    const today = context.now().toISOString().slice(0, 10);
    if (until < today) throw healthErrors.over({ until });
    const before = waivers.find((one) => one.id === id);
    return {
      operation: 'health waive',
      title: `Waive ${id}`,
      subject: id,
      danger: 'none',
      writes: false,
      server: context.place,
      input: { id, until, reason },
      facts: [
        { label: 'Profile', value: profile },
        { label: 'Until', value: until },
        { label: 'Reason', value: reason },
        ...(before ? [{ label: 'Before', value: `waived until ${before.until}: ${before.reason}` }] : []),
      ],
      checks: [],
      steps: [
        {
          id: 'note',
          title: 'Note it in the profile',
          preview: `${file}: profiles.${profile}.waivers`,
          run: () =>
            changeWaivers(context, (all) => [
              // what has run out is dropped on the way
              ...all.filter((one) => one.id !== id && one.until >= today),
              { id, until, reason },
            ]),
        },
      ],
      reaches: () => `${id} is shown as waived and counts no more, to the end of ${until} (UTC).`,
      leaves: ({ done }) => (done.has('note') ? undefined : 'The profile was not changed.'),
      undo: { command: before ? waiveCommand(before) : `pgdeck health unwaive ${shellWord(id)}` },
    };
  },
});

/** `pgdeck health unwaive`: a finding counts again. */
export const unwaive = defineOperation({
  id: 'health unwaive',
  input: z.object({ id: z.string() }),
  fields: {
    id: {
      ...ID,
      choices: async (context) =>
        waiversOf(context).waivers.map(({ id, until, reason }) => ({
          value: id,
          hint: `until ${until}: ${reason}`,
        })),
    },
  },
  plan: async ({ id }, context) => {
    const { file, profile, waivers } = waiversOf(context);
    const before = waivers.find((one) => one.id === id);
    if (before === undefined) throw healthErrors.notWaived({ id, profile });
    return {
      operation: 'health unwaive',
      title: `Waive ${id} no longer`,
      subject: id,
      danger: 'none',
      writes: false,
      server: context.place,
      input: { id },
      facts: [
        { label: 'Profile', value: profile },
        { label: 'Waived', value: `until ${before.until}: ${before.reason}` },
      ],
      checks: [],
      steps: [
        {
          id: 'note',
          title: 'Remove it from the profile',
          preview: `${file}: profiles.${profile}.waivers`,
          run: () => changeWaivers(context, (all) => all.filter((one) => one.id !== id)),
        },
      ],
      reaches: () => `${id} counts again.`,
      leaves: ({ done }) => (done.has('note') ? undefined : 'The profile was not changed.'),
      undo: { command: waiveCommand(before) },
    };
  },
});

function waiveCommand({ id, until, reason }: WaiverSettings): string {
  return `pgdeck health waive ${shellWord(id)} --until ${until} --reason ${shellWord(reason)}`;
}
