import { z } from 'zod';
import { quoteIdent, quoteLiteral } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { poolerChecks } from '../../database/pooler.ts';
import { unlogged } from '../../database/unlogged.ts';
import { defineOperation, type OpContext } from '../../engine/operation.ts';
import { type Check, type Fact, KEPT, type Step } from '../../engine/plan.ts';
import { roleErrors } from '../errors.ts';
import { passwordFields, passwordShape, roleChoices, SAME } from '../fields.ts';
import { alterCheck, ok, roleOf, sessionsCheck, storedOf, validUntil, warn } from '../look.ts';
import type { RoleFacts } from '../queries/roles.ts';
import { kindOfVerifier } from '../scram/verifier.ts';
import {
  fileStep,
  loginStep,
  type NewPassword,
  newPassword,
  passwordChecks,
  shownVerifier,
  showStep,
} from '../secret.ts';
import { type PasswordRecord, putBackSql, recoverPassword, undoPassword } from './undo.ts';

/** Gives a role a new password: generated, or typed; the server gets its verifier only. */
export const rolePassword = defineOperation({
  id: 'role password',
  input: z.object({ name: z.string().min(1), ...passwordShape }).refine(SAME.is, SAME.problem),
  fields: {
    name: { title: 'Role', hint: 'the role that gets it', argument: true, choices: roleChoices },
    ...passwordFields,
  },
  plan: async ({ name, valid_until, ...given }, context) => {
    const session = await context.session();
    const facts = await roleOf(session, name);
    const secret = await newPassword(context, session, given);
    const until =
      valid_until === undefined ? undefined : await validUntil(session, valid_until, context.now());
    const before = await storedOf(session, name);
    const setting: Setting = { name, oid: facts.oid, before, facts, until, secret };
    const state: State = { set: false };
    return {
      operation: 'role password',
      title: `Give ${name} a new password`,
      subject: name,
      danger: 'confirm',
      writes: true,
      server: context.place,
      input: {
        name,
        ...(valid_until !== undefined && { valid_until }),
        ...(secret.out !== undefined && { out: secret.out }),
      },
      facts: factsOf(session, facts, until, before),
      checks: [
        ...(await poolerChecks(context, session)),
        alterCheck(session, facts, until === undefined),
        ...(await passwordChecks(session, secret)),
        ...besides(context, setting),
        ...sessionsCheck(facts),
      ],
      steps: [
        ...fileStep(secret, name),
        setStep(setting, state),
        ...(facts.logs_in && !(until === undefined && facts.expired)
          ? [loginStep(context, secret, name)]
          : []),
        ...showStep(secret, name),
      ],
      consequence: `What connects as ${name} with the old password does not get in any more.`,
      ...(isUndoable(before) && { undo: 'undo' as const }),
      leaves: () =>
        state.set
          ? `${name} has the new password, which may not have been shown: pgdeck role password ${name} sets another one.`
          : `The password of ${name} is what it was.`,
      reaches: () => `${name} has the new password${until === undefined ? '' : `, valid until ${until}`}.`,
      locks: [{ family: 'role', database: session.server.database }],
    };
  },
  undo: undoPassword,
  recover: recoverPassword,
});

interface Setting {
  readonly name: string;
  readonly oid: number;
  /** What is kept now; see {@link storedOf}. */
  readonly before: string | null | undefined;
  readonly facts: RoleFacts;
  readonly until: string | undefined;
  readonly secret: NewPassword;
}

interface State {
  /** The server may have it. */
  set: boolean;
}

/** An MD5 hash is as good as the password to whoever has it: it is not kept. */
const isUndoable = (before: string | null | undefined): boolean =>
  before === null || (before !== undefined && kindOfVerifier(before) === 'scram');

function factsOf(
  { server }: Session,
  facts: RoleFacts,
  until: string | undefined,
  before: string | null | undefined,
): Fact[] {
  const { name, superuser, logs_in, valid_until, expired } = facts;
  const kept =
    before === undefined
      ? 'not to be seen by this role'
      : before === null
        ? 'none'
        : ({ scram: 'SCRAM-SHA-256', md5: 'MD5' }[kindOfVerifier(before) ?? 'md5'] ?? 'unknown');
  return [
    { label: 'Server', value: `${server.user} on PostgreSQL ${server.version}` },
    {
      label: 'Role',
      value: `${name}${superuser ? ', a superuser' : ''}${logs_in ? '' : ', which does not log in'}`,
    },
    {
      label: 'Password now',
      value: `${kept}${valid_until === null ? '' : `, ${expired ? 'expired' : 'valid until'} ${valid_until}`}`,
    },
    ...(until === undefined ? [] : [{ label: 'Valid until', value: until }]),
  ];
}

function besides({ target, profile }: OpContext, { name, before, facts, until }: Setting): Check[] {
  const checks: Check[] = [];
  if (!facts.logs_in)
    checks.push(warn('Login', `${name} may not log in: ALTER ROLE ${quoteIdent(name)} LOGIN.`));
  if (facts.expired && until === undefined)
    checks.push(
      warn(
        'Valid until',
        `Passwords of ${name} expired at ${facts.valid_until}, and so will the new one: give --valid-until.`,
      ),
    );
  if (name === target.user)
    checks.push(
      warn(
        'This connection',
        `${name} is the role that pgdeck is connected as${profile === undefined ? '' : ` (profile ${profile})`}: change it in ~/.pgpass, and wherever else it is, too.`,
      ),
    );
  if (isUndoable(before))
    checks.push(
      ok('Undo', 'What the server keeps of the old one is kept in the journal, and can be put back.'),
    );
  else
    checks.push(
      warn(
        'Undo',
        before === undefined
          ? 'This role may not read what the server keeps of the old one: it cannot be put back.'
          : 'The old one is kept as an MD5 hash, which is as good as the password: it is not put into the journal, and cannot be put back.',
      ),
    );
  return checks;
}

/** The statement, with the verifier or with what stands for it. */
function statementOf({ name, until }: Setting, verifier: string): string {
  const valid = until === undefined ? '' : ` VALID UNTIL ${quoteLiteral(until).trim()}`;
  return `ALTER ROLE ${quoteIdent(name)} PASSWORD ${verifier}${valid}`;
}

function setStep(setting: Setting, state: State): Step {
  const { name, oid, before, secret } = setting;
  return {
    id: 'set',
    title: `Set the password of ${name}`,
    preview: `${statementOf(setting, shownVerifier(secret))};`,
    effect: 'sessions of the role go on',
    run: async (io) => {
      const verifier = await secret.verifier();
      const session = await io.connect();
      if ((await roleOf(session, name)).oid !== oid) throw roleErrors.changed({ role: name });
      io.record({ password: recorded(setting, verifier) });
      await unlogged(session);
      state.set = true;
      await session.sql(statementOf(setting, quoteLiteral(verifier).trim()));
      io.crashPoint('set:set');
      const now = await storedOf(session, name);
      if (now !== undefined && now !== verifier) throw roleErrors.notStored({ role: name });
      await session.close();
    },
    rollback: async (io) => {
      if (!state.set) return KEPT;
      if (!isUndoable(before)) {
        io.line(`What the password of ${name} was is not known: it has the new one.`);
        return KEPT;
      }
      const session = await io.connect();
      await unlogged(session);
      await session.sql(putBackSql(recorded(setting, ''), false));
      state.set = false;
      io.line(`The password of ${name} is what it was.`);
      return undefined;
    },
  };
}

/** What undo and recover need to know. */
function recorded({ name, oid, before, facts, until, secret }: Setting, after: string): PasswordRecord {
  return {
    ...{ role: name, oid, after, known: isUndoable(before) },
    before: isUndoable(before) ? (before ?? null) : null,
    valid_until: facts.valid_until,
    sets_until: until !== undefined,
    shown: !secret.generated || secret.out !== undefined,
  };
}
