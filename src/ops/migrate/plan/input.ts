import { z } from 'zod';
import type { Field, FieldChoice, OpContext, RawInput } from '../../engine/operation.ts';
import { choose, chooseFields } from '../choose.ts';
import { migrateErrors } from '../errors.ts';
import type { Destination, Direction, MigrationAdapter, Only, Route, Where } from '../types.ts';

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
export const downInput = z.object({
  ...common,
  base: z.boolean().default(false),
  only: z.array(z.string()).default([]),
});
export type DirectionInput = z.output<z.ZodObject<typeof common>> & {
  readonly rehearse?: boolean;
  readonly base?: boolean;
  readonly only?: readonly string[];
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
      standard: () => (direction === 'up' ? 'all pending' : 'one step'),
      placeholder: 'version',
      when: (raw) => !given(raw.steps) && raw.base !== true,
      choices: (context, raw) => versionChoices(context, raw, direction),
    },
    steps: {
      title: 'Steps',
      hint: direction === 'up' ? 'how many at most' : 'how many; one where nothing else is given',
      placeholder: 'n',
      standard: () => (direction === 'up' ? 'all pending' : '1'),
      when: (raw) => !given(raw.to) && raw.base !== true,
    },
    acknowledge: {
      title: 'Acknowledge',
      hint: 'a hazard of these migrations, by its name: it is known and wanted',
      placeholder: 'hazard',
      choices: (context, raw) => hazardChoices(context, raw, direction),
    },
    backup: {
      title: 'Back up in any case',
      hint: 'also where nothing is lost',
      when: (raw) => raw.no_backup !== true,
    },
    no_backup: {
      title: 'No backup',
      hint: 'no safety backup; only where nothing is known to be destructive',
      asks: {
        title: 'Safety backup',
        hint: 'made before anything is lost; off only where nothing is destructive',
      },
      when: (raw) => raw.backup !== true,
    },
    lock_timeout: {
      title: 'Lock timeout',
      hint: 'seconds that one attempt waits for a lock; others queue behind it that long',
      placeholder: 'seconds',
    },
    wait: {
      title: 'Wait',
      hint: 'seconds to wait for another run of migrations, and to keep retrying for locks',
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
    hint: 'apply, roll back and apply again in a shadow database; what a way down forgets stops the run',
  },
};
const { to, steps, ...rest } = commonFields('down');
export const downFields: Record<keyof z.output<typeof downInput>, Field> = {
  to,
  steps,
  base: {
    title: 'Roll back all',
    hint: 'roll back every migration',
    when: (raw) => !given(raw.to) && !given(raw.steps),
  },
  only: {
    title: 'Only',
    hint: 'this one, also where others were applied after it',
    standard: () => 'the newest ones',
    placeholder: 'version',
    when: (raw) => !given(raw.to) && !given(raw.steps) && raw.base !== true,
    choices: (context, raw) => versionChoices(context, raw, 'down'),
  },
  ...rest,
};

/** Down without a destination is one step. Throws {@link OpError} for two destinations. */
export function destinationOf(
  { to, steps, base, only = [] }: DirectionInput,
  direction: Direction,
): Destination | Only {
  const one = only.length > 0 || undefined;
  if ([to, steps, base || undefined, one].filter((given) => given !== undefined).length > 1)
    throw migrateErrors.severalDestinations();
  if (one) return { kind: 'only', versions: only };
  if (to !== undefined) return { kind: 'to', version: to };
  if (steps !== undefined) return { kind: 'steps', n: steps };
  if (base) return { kind: 'base' };
  return direction === 'up' ? { kind: 'latest' } : { kind: 'steps', n: 1, implied: true };
}

/** The way there. Throws {@link OpError} also where the tool cannot take back one among others. */
export async function routeTo(
  adapter: MigrationAdapter,
  where: Where,
  direction: Direction,
  to: Destination | Only,
): Promise<Route> {
  if (to.kind !== 'only') return adapter.route(where, direction, to);
  if (adapter.only === undefined) throw migrateErrors.inOrderOnly({ tool: adapter.title });
  return adapter.only(where, to);
}

async function versionChoices(
  context: OpContext,
  raw: RawInput,
  direction: Direction,
): Promise<FieldChoice[]> {
  const { adapter, where } = await choose(context, asked(raw));
  const { items } = await adapter.status(where);
  const waits = (state: string) => state === 'pending' || state === 'out_of_order';
  return items
    .filter(({ state }) => waits(state) === (direction === 'up'))
    .map(({ version, name, state }) => ({ value: version, hint: `${name}, ${state}` }));
}

async function hazardChoices(
  context: OpContext,
  raw: RawInput,
  direction: Direction,
): Promise<FieldChoice[]> {
  const { adapter, where } = await choose(context, asked(raw));
  const n = Number(raw.steps);
  const to = destinationOf(
    {
      ...upInput.parse({}),
      to: given(raw.to) ? String(raw.to) : undefined,
      steps: given(raw.steps) && n >= 1 ? n : undefined,
      base: raw.base === true,
      only: Array.isArray(raw.only) ? raw.only.map(String) : [],
    },
    direction,
  );
  const { hazards } = await routeTo(adapter, where, direction, to);
  const names = [...new Set(hazards.filter(({ own }) => !own).map(({ name }) => name))];
  return names.map((name) => ({
    value: name,
    hint: hazards
      .filter((hazard) => hazard.name === name)
      .map(({ version, message }) => `${version}: ${message}`)
      .join(' '),
  }));
}
