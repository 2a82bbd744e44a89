import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { carryOut, planOf } from '../../../engine/run/stage.ts';
import { BASE, columnsOf, LATEST, stages, steps, to } from '../stage.ts';

const missing = existsSync('/usr/bin/alembic') ? undefined : 'alembic of Debian is not installed';
const stage = stages('alembic');

const ENV = `
import os
from alembic import context
from sqlalchemy import create_engine, pool
def url():
    return os.environ.get('OTHER_URL') or os.environ['DATABASE_URL']
if context.is_offline_mode():
    context.configure(url=url(), literal_binds=True, dialect_opts={'paramstyle': 'named'})
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = create_engine(url(), poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
`;

const revision = (version: string, parent: string | null, up: string, down: string) =>
  `"""${version} of the shop\n\nRevision ID: ${version}\nRevises: ${parent ?? ''}\n"""\n` +
  `from alembic import op\nrevision = '${version}'\ndown_revision = ${parent === null ? 'None' : `'${parent}'`}\n` +
  `def upgrade():\n    ${up}\ndef downgrade():\n    ${down}\n`;

const sql = (text: string) => `op.execute('${text}')`;

/** What the session of the tool was like. */
const B =
  'CREATE TABLE b AS SELECT current_setting($$application_name$$) AS name, current_setting($$lock_timeout$$) AS wait';

const FILES = {
  'alembic.ini': '[alembic]\nscript_location = migrations\n',
  'migrations/env.py': `import logging, sys\nlogging.basicConfig(stream=sys.stderr, level=logging.INFO, format='%(levelname)-5.5s [%(name)s] %(message)s')\n${ENV}`,
  'migrations/versions/a001.py': revision(
    'a001',
    null,
    sql('CREATE TABLE users (id int)'),
    sql('DROP TABLE users'),
  ),
  'migrations/versions/a002.py': revision(
    'a002',
    'a001',
    sql('ALTER TABLE users ADD age int'),
    sql('ALTER TABLE users DROP age'),
  ),
  'migrations/versions/a003.py': revision(
    'a003',
    'a002',
    sql('ALTER TABLE users ADD city text'),
    sql('ALTER TABLE users DROP city'),
  ),
};

describe.skipIf(missing !== undefined)(`Alembic${missing === undefined ? '' : `: ${missing}`}`, () => {
  test('up and down, by steps, to a version, to the base', { timeout: 90_000 }, async () => {
    const project = await stage(FILES);
    expect(await project.adapter.detect(await project.where())).toBe(`alembic.ini in ${project.root}`);
    expect(await project.states()).toEqual(['a001 pending', 'a002 pending', 'a003 pending']);
    // looking made no table
    expect(await columnsOf(project.session, 'alembic_version')).toEqual([]);

    const up = await project.go('up', steps(2));
    expect(up.end).toMatchObject({ ok: true });
    expect(up.route.versions).toEqual(['a001', 'a002']);
    expect(up.route.steps[0]?.preview).toContain('alembic upgrade a002\n');
    expect(up.route.steps[0]?.preview).toContain('ALTER TABLE users ADD age int;');
    expect(up.lines).toContain('By the history: a001, a002 were applied.');
    // the same plan again
    const late = await carryOut(planOf(up.route.steps), project.context);
    expect(late.end.text).toContain(
      'The history has changed since this was planned: a001, a002 were applied.',
    );
    expect(await columnsOf(project.session, 'users')).toEqual(['id', 'age']);
    expect(await project.states(join(project.root, 'migrations'))).toEqual([
      'a001 applied',
      'a002 applied',
      'a003 pending',
    ]);

    expect((await project.go('up', LATEST)).end.ok).toBe(true);
    const one = await project.go('down', to('a002'));
    expect(one.end.ok).toBe(true);
    expect(one.route.versions).toEqual(['a003']);
    expect(one.route.hazards).toContainEqual(
      expect.objectContaining({ name: 'drop_column', version: 'a003', destructive: true }),
    );
    expect(await columnsOf(project.session, 'users')).toEqual(['id', 'age']);

    const all = await project.go('down', BASE);
    expect(all.end.ok).toBe(true);
    expect(all.route.steps[0]?.preview).toContain('DROP TABLE users;');
    expect(await columnsOf(project.session, 'users')).toEqual([]);
  });

  test('a failure is told in its words, with what became of the history', { timeout: 90_000 }, async () => {
    const project = await stage({
      ...FILES,
      'migrations/versions/a004.py': revision('a004', 'a003', sql('ALTER TABLE users ADD age int'), 'pass'),
    });
    const { end } = await project.go('up', LATEST);
    expect(end.ok).toBe(false);
    expect(end.text).toMatch(
      /alembic upgrade a004 failed with exit code 1: DuplicateColumn: column "age" of relation "users" already exists/,
    );
    expect(end.text).toContain('in: ALTER TABLE users ADD age int');
    expect(end.text).toContain('The history is as it was.');
    // all of it was one transaction
    expect(await project.states()).toEqual(['a001 pending', 'a002 pending', 'a003 pending', 'a004 pending']);
    // what does something and has an empty way down has none
    await project.session.sql(
      `CREATE TABLE alembic_version (version_num varchar(32)); INSERT INTO alembic_version VALUES ('a004')`,
    );
    await expect(project.go('down', steps(1))).rejects.toThrow(
      'a004 has no way down, so nothing is rolled back.',
    );
    await expect(project.go('down', steps(5))).rejects.toThrow('5 steps are too many: 4 are applied.');
  });

  test('a revision without a file, several heads, another database', { timeout: 90_000 }, async () => {
    const project = await stage(FILES);
    await project.session.sql(
      `CREATE TABLE alembic_version (version_num varchar(32)); INSERT INTO alembic_version VALUES ('deadbeef')`,
    );
    const status = await project.adapter.status(await project.where());
    expect(status.problems).toEqual([
      expect.objectContaining({
        kind: 'unknown_revision',
        version: 'deadbeef',
        message: expect.stringContaining("Can't locate revision deadbeef"),
      }),
    ]);
    expect(await project.states()).toContain('deadbeef missing_file');
    await expect(project.go('up', LATEST)).rejects.toThrow("Can't locate revision deadbeef");

    await project.session.sql('DELETE FROM alembic_version');
    project.write({
      'migrations/versions/b002.py': revision('b002', 'a001', sql(B), sql('DROP TABLE b')),
    });
    const heads = await project.adapter.status(await project.where());
    expect(heads.problems.map(({ kind }) => kind)).toEqual(['several_heads']);
    await expect(project.go('up', LATEST)).rejects.toThrow(/several ends that are not applied: .*b002/);
    await expect(project.go('up', steps(1))).rejects.toThrow('The revisions have branches');
    const branch = await project.go('up', to('b002'));
    expect(branch.end.ok).toBe(true);
    expect(branch.route.versions).toEqual(['a001', 'b002']);
    // its backends have the run's name
    expect(await project.session.sql('SELECT * FROM b')).toEqual([
      { name: `pgdeck:${branch.end.run}`, wait: '3s' },
    ]);

    project.write({
      'migrations/env.py': `import os\nos.environ['OTHER_URL'] = os.environ['DATABASE_URL'].rsplit('/', 1)[0] + '/postgres'\n${ENV}`,
    });
    await expect(project.go('up', to('a003'))).rejects.toThrow(
      /The tool works on postgresql:.*\/postgres, and pgdeck on .*make migrations\/env.py read DATABASE_URL/,
    );
  });

  test('it waits for a lock no longer than it should, and goes on when the lock is gone', {
    timeout: 90_000,
  }, async () => {
    const project = await stage(FILES);
    const { session } = project;
    await session.sql(
      `CREATE TABLE users (id int); CREATE TABLE alembic_version (version_num varchar(32)); INSERT INTO alembic_version VALUES ('a001')`,
    );
    await session.sql('BEGIN; LOCK TABLE users IN ACCESS SHARE MODE');
    const failed = await project.go('up', to('a002'), { where: { patience: { lockTimeout: 0.2, wait: 0 } } });
    expect(failed.end.text).toMatch(/LockNotAvailable: canceling statement due to lock timeout/);
    expect(failed.end.text).toContain('see who with pgdeck show locks');
    const told = Promise.withResolvers<void>();
    const later = project.go('up', to('a002'), {
      where: { patience: { lockTimeout: 0.2, wait: 30 } },
      onEvent: (event) => {
        if (event.type === 'line' && event.text.startsWith('Somebody holds a lock')) told.resolve();
      },
    });
    await told.promise;
    await session.sql('COMMIT');
    expect((await later).end.ok).toBe(true);
  });

  test('a revision that asks the database hides its own SQL only, and a block of its own ends the one transaction', {
    timeout: 90_000,
  }, async () => {
    const asks = 'op.get_bind().execute(__import__("sqlalchemy").text("SELECT 1")).fetchall()';
    const block = (text: string) => `with op.get_context().autocommit_block():\n        ${sql(text)}`;
    const project = await stage({
      ...FILES,
      'migrations/versions/a002.py': revision('a002', 'a001', asks, asks),
      'migrations/versions/a003.py': revision(
        'a003',
        'a002',
        sql('CREATE TABLE city (id int)'),
        sql('DROP TABLE city'),
      ),
      'migrations/versions/a004.py': revision(
        'a004',
        'a003',
        block('CREATE TABLE late (id int)'),
        sql('DROP TABLE late'),
      ),
      'migrations/versions/a005.py': revision('a005', 'a004', sql('ALTER TABLE nowhere ADD x int'), 'pass'),
    });
    const route = await project.adapter.route(await project.where(), 'up', LATEST);
    const fact = (label: string) => route.facts.flatMap((one) => (one.label === label ? [one.value] : []));
    expect(fact('Transaction')).toEqual([
      'not one for all: what ran before a004 (autocommit block) stays when it or a later one fails',
    ]);
    expect(fact('SQL')).toEqual([
      expect.stringMatching(/^not shown of a002: it asks the database while it runs/),
    ]);
    for (const shown of [
      'CREATE TABLE users (id int);',
      '-- a002: not shown',
      'CREATE TABLE city',
      'CREATE TABLE late',
    ])
      expect(route.steps[0]?.preview).toContain(shown);
    expect((await project.go('up', LATEST)).end.text).toMatch(
      /By the history a001, a002, a003.* applied, which is not/,
    );
    const down = await project.go('down', to('a001'));
    expect(down.end.text).toBe('Work: done.');
    expect(down.route.steps[0]?.preview).toContain('DROP TABLE city;');
    expect(down.route.hazards).toContainEqual(
      expect.objectContaining({ name: 'drop_table', version: 'a003' }),
    );
    await expect(project.go('down', to('a004'))).rejects.toThrow(
      'a004 is not applied, and going down cannot get there.',
    );
  });

  test('several bases: all ends at once, and one of them back to its base', { timeout: 90_000 }, async () => {
    const project = await stage({
      ...FILES,
      'migrations/versions/c001.py': `${revision('c001', null, sql('CREATE TABLE c (id int)'), sql('DROP TABLE c'))}branch_labels = ('other',)\n`,
      'migrations/versions/c002.py': revision(
        'c002',
        'c001',
        sql('ALTER TABLE c ADD x int'),
        sql('ALTER TABLE c DROP x'),
      ),
    });
    await expect(project.go('up', LATEST)).rejects.toMatchObject({
      next: expect.stringContaining('--to heads'),
    });
    const up = await project.go('up', to('heads'));
    expect(up.end.text).toBe('Work: done.');
    expect(up.route.versions.toSorted()).toEqual(['a001', 'a002', 'a003', 'c001', 'c002']);
    expect(up.route.steps[0]?.preview).toContain('CREATE TABLE c (id int);');
    const back = await project.go('down', to('other@base'));
    expect(back.end.text).toBe('Work: done.');
    expect(back.route.versions).toEqual(['c002', 'c001']);
    // each by itself, since the history has two heads
    expect(back.route.steps[0]?.preview).toContain('DROP TABLE c;');
    const where = await project.where();
    expect((await project.adapter.route(where, 'up', to('c001@head'))).versions).toEqual(['c001', 'c002']);
    expect((await project.adapter.route(where, 'down', to('base'))).versions).toEqual([
      'a003',
      'a002',
      'a001',
    ]);
  });

  test('what the tool cannot do is a problem of the status, in its words', async () => {
    const project = await stage({
      ...FILES,
      '.venv/bin/alembic': '#!/bin/sh\necho "FAILED: No script_location"\nexit 255\n',
    });
    await project.session.sql(
      `CREATE TABLE alembic_version (version_num varchar(32)); INSERT INTO alembic_version VALUES ('a002')`,
    );
    const { problems, items, failed } = await project.adapter.status(await project.where());
    expect(problems).toEqual([{ kind: 'tool', version: null, message: 'Alembic says: No script_location' }]);
    // nobody has said that its file is missing
    expect(items).toMatchObject([{ version: 'a002', state: 'applied' }]);
    expect(failed).toBe(true);
  });
});
