import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { columnsOf, LATEST, stages, steps, to } from '../../../../ops/migrate/adapters/stage.ts';

const PACKAGES = '/usr/lib/python3/dist-packages';
const installed = existsSync(PACKAGES) && readdirSync(PACKAGES).some((name) => name === 'flask_migrate');
const missing = installed ? undefined : 'python3-flask-migrate of Debian is not installed';
const stage = stages('flask-migrate');

/** What flask is to this machine: another Python may come first on PATH. */
const FLASK = '#!/bin/sh\nexec /usr/bin/python3 -m flask "$@"\n';

const ENV = `
import logging, sys
from alembic import context
from flask import current_app
logging.basicConfig(stream=sys.stderr, level=logging.INFO, format='%(levelname)s [%(name)s] %(message)s')
db = current_app.extensions['migrate'].db
if context.is_offline_mode():
    context.configure(url=current_app.config['SQLALCHEMY_DATABASE_URI'], literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    with db.engine.connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
`;

const APP = `
import os
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_migrate import Migrate
app = Flask(__name__)
app.config['SQLALCHEMY_DATABASE_URI'] = os.environ['SQLALCHEMY_DATABASE_URI']
db = SQLAlchemy(app)
migrate = Migrate(app, db)
`;

const revision = (version: string, parent: string | null, up: string, down: string) =>
  `"""${version}\n\nRevision ID: ${version}\nRevises: ${parent ?? ''}\n"""\nfrom alembic import op\n` +
  `revision = '${version}'\ndown_revision = ${parent === null ? 'None' : `'${parent}'`}\n` +
  `def upgrade():\n    op.execute('${up}')\ndef downgrade():\n    op.execute('${down}')\n`;

const FILES = {
  '.venv/bin/flask': FLASK,
  'app.py': APP,
  'migrations/alembic.ini': '[alembic]\n',
  'migrations/env.py': ENV,
  'migrations/versions/a001.py': revision('a001', null, 'CREATE TABLE users (id int)', 'DROP TABLE users'),
  'migrations/versions/a002.py': revision(
    'a002',
    'a001',
    'ALTER TABLE users ADD age int',
    'ALTER TABLE users DROP age',
  ),
};

describe.skipIf(missing !== undefined)(`Flask-Migrate${missing === undefined ? '' : `: ${missing}`}`, () => {
  test('a failure in its words, then up, and one down', { timeout: 90_000 }, async () => {
    const bad = revision('a003', 'a002', 'ALTER TABLE nowhere ADD age int', 'SELECT 1');
    const project = await stage({ ...FILES, 'migrations/versions/a003.py': bad });
    expect(await project.adapter.detect(await project.where())).toMatch(
      /^migrations\/env\.py of Flask-Migrate/,
    );
    const failed = await project.go('up', LATEST);
    expect(failed.end.text).toMatch(
      /flask db upgrade a003 failed with exit code 1: UndefinedTable: relation "nowhere" does not exist/,
    );
    expect(failed.end.text).toContain('The history is as it was.');
    const up = await project.go('up', to('a002'));
    expect(up.end.text).toBe('Work: done.');
    expect(up.route.steps[0]?.preview).toContain('flask db upgrade a002\n');
    expect(up.route.steps[0]?.preview).toContain('ALTER TABLE users ADD age int;');
    expect(await columnsOf(project.session, 'users')).toEqual(['id', 'age']);
    const down = await project.go('down', steps(1));
    expect(down.end.text).toBe('Work: done.');
    expect(down.route.versions).toEqual(['a002']);
    expect(down.route.steps[0]?.preview).toContain('flask db downgrade a001\n');
    expect(await columnsOf(project.session, 'users')).toEqual(['id']);
  });

  test('one that has no Flask-Migrate is passed over; where all lack it, that is said, and no file is missing', {
    timeout: 90_000,
  }, async () => {
    const project = await stage({
      ...FILES,
      '.venv/bin/flask': '#!/bin/sh\necho "Error: No such command \'db\'." >&2\nexit 2\n',
      'venv/bin/flask': FLASK,
    });
    await project.session.sql(
      `CREATE TABLE alembic_version (version_num varchar(32)); INSERT INTO alembic_version VALUES ('a001')`,
    );
    expect(await project.states()).toEqual(['a001 applied', 'a002 pending']);
    // with a file more, since what was said of the same files is remembered
    project.write({ 'app.py': 'import nothing_of_this_name\n', 'migrations/versions/note.txt': '' });
    const { items, problems, failed } = await project.adapter.status(await project.where());
    expect(items).toMatchObject([{ version: 'a001', state: 'applied' }]);
    expect(problems).toMatchObject([
      {
        kind: 'tool',
        message: expect.stringMatching(/^Flask-Migrate says: .*No such command 'db'.*\.venv/s),
      },
    ]);
    expect(failed).toBe(true);
    await expect(project.go('up', LATEST)).rejects.toThrow(/No such command 'db'/);
  });
});
