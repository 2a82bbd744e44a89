import { z } from 'zod';
import type { Field, FieldChoice, OpContext } from '../engine/operation.ts';

const text = z.string().min(1).optional();

/** What both passwords and new roles take. */
export const passwordShape = {
  password: text,
  password_again: text,
  valid_until: text,
  out: text,
} as const;

interface Typed {
  readonly password?: string | undefined;
  readonly password_again?: string | undefined;
}

/** That what was typed twice is the same. */
export const SAME = {
  is: ({ password, password_again }: Typed) => password === password_again,
  problem: { path: ['password_again'], message: 'is not the same as the password' },
};

export const passwordFields = {
  password: {
    title: 'Password',
    hint: 'the new password, which is never sent or kept; without one it is generated',
    secret: true,
    standard: () => 'generated, and shown once',
  },
  password_again: {
    title: 'The same again',
    hint: 'the password again',
    secret: true,
    repeats: 'password',
    when: ({ password }) => typeof password === 'string' && password !== '',
  },
  valid_until: {
    title: 'Valid until',
    hint: 'when the password expires: a day, a time, a span from now on (90d), or infinity',
    placeholder: 'time',
    standard: () => 'as it is',
  },
  out: {
    title: 'File for it',
    hint: 'write a generated password into this new file, readable by you only, and show it nowhere',
    placeholder: 'file',
    standard: () => 'shown here, once',
    when: ({ password }) => password === undefined || password === '',
  },
} satisfies Record<string, Field>;

/** The roles of the server that people have made. */
export async function roleChoices(context: OpContext): Promise<readonly FieldChoice[]> {
  const session = await context.session();
  const rows = await session.sql(
    `SELECT /* pgdeck */ rolname::text AS name, rolsuper AS super, rolcanlogin AS login FROM pg_catalog.pg_roles WHERE rolname !~ '^pg_' ORDER BY 1`,
  );
  return rows.map(({ name, super: superuser, login }) => ({
    value: String(name),
    hint: superuser === true ? 'superuser' : login === true ? 'logs in' : 'does not log in',
  }));
}
