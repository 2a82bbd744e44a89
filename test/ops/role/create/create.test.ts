import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../../../src/db/client.ts';
import type { Cluster } from '../../../../src/hosts/cluster/cluster.ts';
import { throwawayCluster } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { asksFor, concerns, contextAt, done, getsIn, planned, takenBack } from '../stage.ts';

const home = temporaryDirectory();
let cluster: Cluster;
const sql = async (text: string) => {
  const session = await connect(cluster.target(), 'workload', 'test');
  try {
    return await session.sql(text);
  } finally {
    await session.close();
  }
};
beforeAll(async () => {
  // before 14 it is md5 unless told otherwise
  cluster = await throwawayCluster({ password_encryption: 'scram-sha-256' });
  await sql('CREATE ROLE maker LOGIN CREATEROLE; CREATE ROLE plain LOGIN; CREATE ROLE crew');
  await asksFor(cluster, 'second');
});
afterAll(() => cluster.remove());
const here = (user = 'postgres') => contextAt(cluster.target({ user }), home);

test('a role with everything: made in one transaction, logs in, and is dropped by its undo', async () => {
  const {
    end,
    plan,
    revealed = '',
    lines,
  } = await done(
    'role create',
    {
      name: 'second',
      member_of: ['crew'],
      connection_limit: 5,
      createdb: true,
      valid_until: '2999-01-31',
      comment: "it's one",
    },
    here(),
  );
  expect(end, end.text).toMatchObject({ ok: true, undo: `pgdeck undo ${end.run}` });
  expect(plan.steps[0]?.preview).toMatch(
    /^BEGIN;\nCREATE ROLE "second" LOGIN CREATEDB CONNECTION LIMIT 5 PASSWORD /,
  );
  expect(lines).toContain('The server lets second in with it.');
  expect(await getsIn(cluster.target(), 'second', revealed)).toBe(true);
  const [row] = await sql(
    "SELECT rolconnlimit, rolcreatedb, rolvaliduntil::date::text AS until, shobj_description(oid, 'pg_authid') AS comment, pg_has_role(oid, 'crew', 'USAGE') AS crew FROM pg_roles WHERE rolname = 'second'",
  );
  expect(row).toEqual({
    rolconnlimit: 5,
    rolcreatedb: true,
    until: '2999-01-31',
    comment: "it's one",
    crew: true,
  });
  await expect(planned('role create', { name: 'second' }, here()).then(concerns)).resolves.toEqual([
    expect.stringMatching(/^block Name: There is a role second already\..*pgdeck role password second/),
  ]);

  // what it owns stands in the way of its undo
  await sql('CREATE TABLE owned (); ALTER TABLE owned OWNER TO second');
  expect((await takenBack(end.run, here())).end).toMatchObject({
    ok: false,
    text: expect.stringMatching(/second owns 1 object in postgres\. There: REASSIGN OWNED BY "second"/),
  });
  await sql('DROP TABLE owned');
  const back = await takenBack(end.run, here());
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await sql("SELECT FROM pg_roles WHERE rolname = 'second'")).toHaveLength(0);
});

test('names are quoted; a group has no password', async () => {
  const one = await done('role create', { name: 'web "app"' }, here());
  expect(one.end, one.end.text).toMatchObject({ ok: true });
  const group = await done('role create', { name: 'Group', no_login: true }, here());
  expect(group.end).toMatchObject({ ok: true });
  expect(group.plan.steps.map(({ id }) => id)).toEqual(['create']);
  expect(concerns(group.plan).join()).toMatch(/capital letters/);
  expect(await sql("SELECT rolcanlogin, rolpassword FROM pg_authid WHERE rolname = 'Group'")).toEqual([
    { rolcanlogin: false, rolpassword: null },
  ]);
});

test.each([
  ['pg_mine', {}, /begin with pg_/],
  ['public', {}, /a word of SQL/],
  ['x'.repeat(64), {}, /longer than 63 bytes/],
  ['ok', { member_of: ['nobody'] }, /There is no role nobody/],
])('%s is refused', async (name, more, why) => {
  expect(concerns(await planned('role create', { name, ...more }, here())).join()).toMatch(why);
});

test('who may not is told before; whoever may create roles makes no superuser', async () => {
  expect(concerns(await planned('role create', { name: 'n' }, here('plain'))).join()).toMatch(
    /takes CREATEROLE/,
  );
  expect(
    concerns(await planned('role create', { name: 'n', superuser: true }, here('maker'))).join(),
  ).toMatch(/Only a superuser may make a superuser/);
  const made = await done('role create', { name: 'n' }, here('maker'));
  expect(made.end, made.end.text).toMatchObject({ ok: true });
});
