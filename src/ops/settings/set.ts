import { z } from 'zod';
import { isChanged, takesOf } from '../../db/settings/list.ts';
import { valueText } from '../../db/settings/value.ts';
import { defineOperation, type Field, type OpContext, type RawInput } from '../engine/operation.ts';
import { readSettings, withPlain } from './look.ts';
import { planChange } from './plan.ts';
import { recoverChange, undoChange } from './undo.ts';

/** How nothing is given as a value: as it stands in a file. */
const EMPTY = "''";

const name = z.string().min(1);
const scope = { database: z.string().min(1).optional(), role: z.string().min(1).optional() };

const named = (hint: string, all: boolean): Field => ({
  title: 'Setting',
  hint,
  argument: true,
  choices: async (context) => {
    const { settings } = await withPlain(context, readSettings);
    return settings
      .filter((one) => one.context !== 'internal' && (all || isChanged(one)))
      .map((one) => ({ value: one.name, hint: `${valueText(one, one.value)}, ${one.from}` }));
  },
});

/** Names of a catalog, as they are offered. */
async function names(context: OpContext, sql: string): Promise<{ value: string }[]> {
  const rows = await (await context.session()).sql(sql);
  return rows.map((row) => ({ value: String(row.name) }));
}

const scopeFields = {
  database: {
    title: 'Database',
    hint: 'only for sessions in this database',
    standard: () => 'the whole server',
    choices: (context) =>
      names(context, 'SELECT datname::text AS name FROM pg_database WHERE datallowconn ORDER BY 1'),
  },
  role: {
    title: 'Role',
    hint: 'only for sessions of this role; with a database, only there',
    standard: () => 'every role',
    choices: (context) =>
      names(context, `SELECT rolname::text AS name FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1`),
  },
} satisfies Record<string, Field>;

const trialField: Field = {
  title: 'No trial',
  hint: 'start no throwaway server with it first, where that would be done',
};

/** `pgdeck settings set`: for the server, a database, a role, or a role in a database. */
export const settingsSet = defineOperation({
  id: 'settings set',
  input: z.object({ name, value: z.string(), ...scope, no_trial: z.boolean().default(false) }),
  fields: {
    name: named('name of the setting', true),
    value: {
      title: 'Value',
      hint: "as in postgresql.conf, without quotes around it: 512MB, on, a, b; '' is nothing",
      argument: true,
      choices: valuesOf,
    },
    ...scopeFields,
    no_trial: trialField,
  },
  plan: ({ name, value, database, role, no_trial }, context) =>
    planChange({ name, scope: { database, role }, to: value === EMPTY ? '' : value }, context, {
      operation: 'settings set',
      input: {
        name,
        value,
        ...(database && { database }),
        ...(role && { role }),
        ...(no_trial && { no_trial }),
      },
      noTrial: no_trial,
    }),
  undo: undoChange,
  recover: recoverChange,
});

/** `pgdeck settings reset`: what holds without it, a file's or the default. */
export const settingsReset = defineOperation({
  id: 'settings reset',
  input: z.object({ name, ...scope, no_trial: z.boolean().default(false) }),
  fields: { name: named('name of the setting', false), ...scopeFields, no_trial: trialField },
  plan: ({ name, database, role, no_trial }, context) =>
    planChange({ name, scope: { database, role }, to: undefined }, context, {
      operation: 'settings reset',
      input: { name, ...(database && { database }), ...(role && { role }), ...(no_trial && { no_trial }) },
      noTrial: no_trial,
    }),
  undo: undoChange,
  recover: recoverChange,
});

/** The words that a setting can be, or what it is now. */
async function valuesOf(
  context: OpContext,
  { name: given }: RawInput,
): Promise<{ value: string; hint?: string }[]> {
  if (typeof given !== 'string' || given === '') return [];
  const { settings } = await withPlain(context, readSettings);
  const setting = settings.find((one) => one.name.toLowerCase() === given.toLowerCase());
  if (setting === undefined) return [];
  const words = setting.vartype === 'bool' ? ['on', 'off'] : (setting.enumvals ?? []);
  const now = valueText(setting, setting.value);
  if (words.length > 0) return words.map((value) => ({ value, ...(value === now && { hint: 'as it is' }) }));
  if (setting.value === null || setting.value === '') return [];
  return [{ value: now, hint: `as it is; takes a ${takesOf(setting)}` }];
}
