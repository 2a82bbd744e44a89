import { z } from 'zod';
import type { OpContext } from '../../context.ts';
import { OpError } from '../../error.ts';
import type { Choice, Field, RawInput } from '../../operation.ts';
import { choose, chooseFields } from '../choose.ts';
import type { Destination, Direction } from '../types.ts';

const common = {
  to: z.string().optional(),
  steps: z.int('expected a whole number').min(1, 'expected 1 or more').optional(),
  acknowledge: z.array(z.string()).default([]),
  backup: z.boolean().default(false),
  no_backup: z.boolean().default(false),
  lock_timeout: z.number().min(0.1, 'expected 0.1 or more').max(60, 'expected 60 at most').default(3),
  wait: z.number().min(0, 'expected 0 or more').default(60),
  tool: z.string().optional(),
  dir: z.string().optional(),
};

export const upInput = z.object({ ...common, rehearse: z.boolean().default(false) });
export const downInput = z.object({ ...common, base: z.boolean().default(false) });
export type MoveInput = z.output<z.ZodObject<typeof common>> & {
  readonly rehearse?: boolean;
  readonly base?: boolean;
};

const asked = (raw: RawInput) => ({
  tool: typeof raw.tool === 'string' && raw.tool !== '' ? raw.tool : undefined,
  dir: typeof raw.dir === 'string' && raw.dir !== '' ? raw.dir : undefined,
});

function commonFields(direction: Direction) {
  return {
    to: {
      title: direction === 'up' ? 'Up to' : 'Down to',
      hint: direction === 'up' ? 'the last version to apply' : 'the version that stays applied',
      placeholder: 'version',
      when: (raw) => !given(raw.steps) && raw.base !== true,
      choices: (context, raw) => versionChoices(context, raw, direction),
    },
    steps: {
      title: 'Steps',
      hint: direction === 'up' ? 'how many at most' : 'how many; one where nothing else is given',
      placeholder: 'n',
      when: (raw) => !given(raw.to) && raw.base !== true,
    },
    acknowledge: {
      title: 'Acknowledge',
      hint: 'a hazard of these migrations, by its name: it is known and wanted',
      placeholder: 'hazard',
      choices: (context, raw) => hazardChoices(context, raw, direction),
    },
    backup: {
      title: 'Back up before',
      hint: 'also where nothing is lost',
      when: (raw) => raw.no_backup !== true,
    },
    no_backup: {
      title: 'No backup',
      hint: 'no safety backup; only where nothing is destructive',
      when: (raw) => raw.backup !== true,
    },
    lock_timeout: {
      title: 'Lock timeout',
      hint: 'seconds that one attempt waits for a lock; others stand behind it that long',
      placeholder: 'seconds',
    },
    wait: {
      title: 'Wait',
      hint: 'seconds for another run of migrations to end, and in which locks are tried for again',
      placeholder: 'seconds',
    },
    ...chooseFields,
  } satisfies Record<string, Field>;
}

const given = (value: RawInput[string]): boolean => value !== undefined && value !== '';

export const upFields: Record<keyof z.output<typeof upInput>, Field> = {
  ...commonFields('up'),
  rehearse: {
    title: 'Rehearse first',
    hint: 'apply, take back and apply again in a shadow database; what a way down forgets stops the run',
  },
};
const { to, steps, ...rest } = commonFields('down');
export const downFields: Record<keyof z.output<typeof downInput>, Field> = {
  to,
  steps,
  base: {
    title: 'To the base',
    hint: 'take every migration back',
    when: (raw) => !given(raw.to) && !given(raw.steps),
  },
  ...rest,
};

/** Down without a destination is one step. Throws {@link OpError} for two destinations. */
export function destinationOf({ to, steps, base }: MoveInput, direction: Direction): Destination {
  if ([to, steps, base || undefined].filter((one) => one !== undefined).length > 1)
    throw new OpError('refused', '--to, --steps and --base exclude each other.', 'Give one of them.');
  if (to !== undefined) return { kind: 'to', version: to };
  if (steps !== undefined) return { kind: 'steps', n: steps };
  if (base) return { kind: 'base' };
  return direction === 'up' ? { kind: 'latest' } : { kind: 'steps', n: 1, implied: true };
}

async function versionChoices(context: OpContext, raw: RawInput, direction: Direction): Promise<Choice[]> {
  const { adapter, where } = await choose(context, asked(raw));
  const { items } = await adapter.status(where);
  const waits = (state: string) => state === 'pending' || state === 'out_of_order';
  return items
    .filter(({ state }) => waits(state) === (direction === 'up'))
    .map(({ version, name, state }) => ({ value: version, hint: `${name}, ${state}` }));
}

async function hazardChoices(context: OpContext, raw: RawInput, direction: Direction): Promise<Choice[]> {
  const { adapter, where } = await choose(context, asked(raw));
  const n = Number(raw.steps);
  const to = destinationOf(
    {
      ...upInput.parse({}),
      to: given(raw.to) ? String(raw.to) : undefined,
      steps: given(raw.steps) && n >= 1 ? n : undefined,
      base: raw.base === true,
    },
    direction,
  );
  const { hazards } = await adapter.route(where, direction, to);
  const names = [...new Set(hazards.map(({ name }) => name))];
  return names.map((name) => ({
    value: name,
    hint: hazards
      .filter((hazard) => hazard.name === name)
      .map(({ version, message }) => `${version}: ${message}`)
      .join(' '),
  }));
}
