import { quoteIdent, quoteLiteral } from '../../../db/ident.ts';
import { poolerChecks } from '../../database/pooler.ts';
import { unlogged } from '../../database/unlogged.ts';
import { defineOperation } from '../../engine/operation.ts';
import { type Check, KEPT, type Step } from '../../engine/plan.ts';
import { passwordFields, roleChoices } from '../fields.ts';
import { ok, roleOf, validUntil } from '../look.ts';
import { fileStep, loginStep, newPassword, passwordChecks, shownVerifier, showStep } from '../secret.ts';
import { carryOut } from '../transaction.ts';
import { createChecks, nameChecks } from './checks.ts';
import { type CreateInput, createInput } from './input.ts';
import { dropSql, recoverCreate, undoCreate } from './undo.ts';

const logsIn = (raw: { readonly no_login?: unknown }) => raw.no_login !== true;
const hasPassword = (raw: { readonly no_login?: unknown; readonly no_password?: unknown }) =>
  logsIn(raw) && raw.no_password !== true;

/** A new role, with a password that only its owner gets to see. */
export const roleCreate = defineOperation({
  id: 'role create',
  input: createInput,
  fields: {
    name: { title: 'Role', hint: 'name of the new role', argument: true },
    no_login: {
      title: 'Group',
      hint: 'it may not log in: others are made members of it',
      asks: { title: 'May log in', hint: 'off: a group, which others are made members of' },
    },
    no_password: {
      title: 'No password',
      hint: 'it gets none, where pg_hba.conf lets it in by other means: a certificate, peer, LDAP',
      when: logsIn,
    },
    ...passwordFields,
    password: { ...passwordFields.password, when: hasPassword },
    password_again: {
      ...passwordFields.password_again,
      when: (raw) => hasPassword(raw) && passwordFields.password_again.when(raw),
    },
    valid_until: { ...passwordFields.valid_until, standard: () => 'it does not expire', when: hasPassword },
    out: { ...passwordFields.out, when: (raw) => hasPassword(raw) && passwordFields.out.when(raw) },
    member_of: {
      title: 'Member of',
      hint: 'a role that it becomes a member of',
      placeholder: 'role',
      choices: roleChoices,
    },
    connection_limit: {
      title: 'Connection limit',
      hint: 'how many sessions it may have at once',
      placeholder: 'n',
      standard: () => 'as many as the server',
      when: logsIn,
    },
    createdb: { title: 'May create databases', hint: 'CREATEDB' },
    createrole: { title: 'May create roles', hint: 'CREATEROLE' },
    replication: { title: 'May replicate', hint: 'REPLICATION: it reads everything, and may keep WAL' },
    superuser: { title: 'Superuser', hint: 'it may do everything, on the machine of the server too' },
    comment: { title: 'Comment', hint: 'what it is for', placeholder: 'text', standard: () => 'none' },
  },
  plan: async (wish, context) => {
    const session = await context.session();
    const { name } = wish;
    const secret = hasPassword(wish) ? await newPassword(context, session, wish) : undefined;
    const until =
      wish.valid_until === undefined ? undefined : await validUntil(session, wish.valid_until, context.now());
    const state = { made: false };
    const statements = (verifier: string | undefined) =>
      createSql(wish, session.server.major, verifier, until);
    const { password: _, password_again: __, ...kept } = wish;
    return {
      operation: 'role create',
      title: `Create the role ${name}`,
      subject: name,
      danger: 'confirm',
      writes: true,
      server: context.place,
      input: { ...kept, ...(secret?.out !== undefined && { out: secret.out }) },
      facts: [
        { label: 'Server', value: `${session.server.user} on PostgreSQL ${session.server.version}` },
        { label: 'Role', value: `${name}, ${optionsText(wish)}` },
        ...(until === undefined ? [] : [{ label: 'Password until', value: until }]),
      ],
      checks: [
        ...(await poolerChecks(context, session)),
        ...(await nameChecks(session, name)),
        ...(await createChecks(session, wish)),
        ...(secret === undefined ? [noPassword(wish)] : await passwordChecks(session, secret)),
      ],
      steps: [
        ...(secret === undefined ? [] : fileStep(secret, name)),
        createStep(name, statements, secret, state),
        ...(secret === undefined ? [] : [loginStep(context, secret, name), ...showStep(secret, name)]),
      ],
      undo: 'undo',
      leaves: () =>
        state.made ? `${name} is there: pgdeck recover says more.` : `There is no role ${name}, as before.`,
      reaches: () => `${name} is there, and may do what everybody may.`,
      locks: [{ family: 'role', database: session.server.database }],
    };
  },
  undo: undoCreate,
  recover: recoverCreate,
});

function noPassword({ no_login }: CreateInput): Check {
  return ok(
    'Password',
    no_login ? 'None: it does not log in.' : 'None: pg_hba.conf has to let it in by other means.',
  );
}

function optionsText(wish: CreateInput): string {
  const { no_login, superuser, createdb, createrole, replication, connection_limit, member_of } = wish;
  return [
    no_login ? 'which does not log in' : 'which logs in',
    ...(superuser ? ['a superuser'] : []),
    ...(createdb ? ['may create databases'] : []),
    ...(createrole ? ['may create roles'] : []),
    ...(replication ? ['may replicate'] : []),
    ...(connection_limit === undefined ? [] : [`${connection_limit} sessions at most`]),
    ...(member_of.length === 0 ? [] : [`member of ${member_of.join(', ')}`]),
  ].join(', ');
}

/** The statements, in one transaction. `verifier`: as it is sent, or what stands for it. */
function createSql(
  wish: CreateInput,
  major: number,
  verifier: string | undefined,
  until: string | undefined,
): string[] {
  const role = quoteIdent(wish.name);
  const literal = (text: string) => quoteLiteral(text).trim();
  const options = [
    wish.no_login ? 'NOLOGIN' : 'LOGIN',
    ...(wish.superuser ? ['SUPERUSER'] : []),
    ...(wish.createdb ? ['CREATEDB'] : []),
    ...(wish.createrole ? ['CREATEROLE'] : []),
    ...(wish.replication ? ['REPLICATION'] : []),
    ...(wish.connection_limit === undefined ? [] : [`CONNECTION LIMIT ${wish.connection_limit}`]),
    ...(verifier === undefined ? [] : [`PASSWORD ${verifier}`]),
    ...(until === undefined ? [] : [`VALID UNTIL ${literal(until)}`]),
  ];
  // from 16 on each membership says whether it is inherited
  const how = major >= 16 ? ' WITH INHERIT TRUE, SET TRUE' : '';
  return [
    `CREATE ROLE ${role} ${options.join(' ')}`,
    ...wish.member_of.map((group) => `GRANT ${quoteIdent(group)} TO ${role}${how}`),
    ...(wish.comment === undefined ? [] : [`COMMENT ON ROLE ${role} IS ${literal(wish.comment)}`]),
  ];
}

function createStep(
  name: string,
  statements: (verifier: string | undefined) => string[],
  secret: Awaited<ReturnType<typeof newPassword>> | undefined,
  state: { made: boolean },
): Step {
  const shown = statements(secret && shownVerifier(secret));
  return {
    id: 'create',
    title: `Create ${name}`,
    preview: ['BEGIN', ...shown, 'COMMIT'].map((sql) => `${sql};`).join('\n'),
    effect: 'nobody is disturbed',
    run: async (io) => {
      const verifier = await secret?.verifier();
      const session = await io.connect();
      if (secret !== undefined) await unlogged(session);
      io.record({ creating: { role: name, shown: !secret?.generated || secret.out !== undefined } });
      await carryOut(session, statements(verifier && quoteLiteral(verifier).trim()), () =>
        io.crashPoint('create:made'),
      );
      state.made = true;
      io.record({ created: { role: name, oid: (await roleOf(session, name)).oid } });
      await session.close();
    },
    rollback: async (io) => {
      if (!state.made) return KEPT;
      const session = await io.connect();
      await session.sql(dropSql(name));
      state.made = false;
      io.line(`Dropped ${name} again.`);
      return undefined;
    },
  };
}
