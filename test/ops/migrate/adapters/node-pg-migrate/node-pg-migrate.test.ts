import { describe, expect, test } from 'vitest';
import { BASE, columnsOf, LATEST, stages, steps, to, withNodeModules } from '../stage.ts';

const stage = stages('node-pg-migrate');

const FILES = {
  'package.json': JSON.stringify({
    scripts: { migrate: 'node-pg-migrate -m db/moves -t "my moves" --no-check-order' },
    devDependencies: { 'node-pg-migrate': '9' },
  }),
  'db/moves/1700000000001_users.sql':
    '-- Up Migration\nCREATE TABLE users (id int);\n-- Down Migration\nDROP TABLE users;\n',
  'db/moves/1700000000002_age.js':
    "exports.up = (pgm) => pgm.addColumn('users', { age: 'int' });\nexports.down = (pgm) => pgm.dropColumn('users', 'age');\n",
  'db/moves/1700000000003_city.sql':
    '-- Up Migration\nALTER TABLE users ADD city text;\n-- Down Migration\nALTER TABLE users DROP city;\n',
};

describe('node-pg-migrate', () => {
  test('up by steps, down to a version, to the base, with the options of its script', async () => {
    const project = await stage(FILES);
    withNodeModules(project);
    expect(await project.adapter.detect(await project.where())).toBe(
      `node-pg-migrate in package.json of ${project.root}`,
    );
    expect(await project.states()).toEqual([
      '1700000000001 pending',
      '1700000000002 pending',
      '1700000000003 pending',
    ]);
    expect(await columnsOf(project.session, '"my moves"')).toEqual([]);
    const two = await project.go('up', steps(2));
    expect(two.end.text).toBe('Work: done.');
    expect(two.route.steps[0]?.preview).toMatch(
      /^node-pg-migrate up 2 --migrations-dir db\/moves --migrations-table 'my moves' --no-check-order\n/,
    );
    expect(two.route.steps[0]?.preview).toContain('// 1700000000002_age.js');
    expect((await project.go('up', LATEST)).end.ok).toBe(true);
    expect(await columnsOf(project.session, 'users')).toEqual(['id', 'age', 'city']);
    const back = await project.go('down', to('1700000000001'));
    expect(back.end.text).toBe('Work: done.');
    expect(back.route.versions).toEqual(['1700000000003', '1700000000002']);
    expect(await columnsOf(project.session, 'users')).toEqual(['id']);
    expect((await project.go('down', BASE)).end.ok).toBe(true);
    expect(await columnsOf(project.session, 'users')).toEqual([]);
  });

  test('a failure, a file that is gone, a migration without a way down', async () => {
    const project = await stage({
      ...FILES,
      'db/moves/1700000000003_city.sql': '-- Up Migration\nALTER TABLE users ADD age text;\n',
    });
    withNodeModules(project);
    const { end } = await project.go('up', LATEST);
    expect(end.text).toMatch(
      /failed with exit code 1: 1700000000003_city: column "age" of relation "users" already exists\. The history is as it was\./,
    );
    expect((await project.states()).filter((state) => state.endsWith('applied'))).toEqual([]);
    await project.session.sql(`INSERT INTO "my moves" (name, run_on) VALUES ('1700000000003_city', now())`);
    await expect(project.go('down', steps(1))).rejects.toThrow('1700000000003 has no way down');
    await project.session.sql(`INSERT INTO "my moves" (name, run_on) VALUES ('1700000000009_gone', now())`);
    const { problems } = await project.adapter.status(await project.where());
    expect(problems.map(({ kind, version }) => `${kind} ${version}`)).toEqual([
      'out_of_order 1700000000001',
      'out_of_order 1700000000002',
      'missing_file 1700000000009',
    ]);
    await expect(project.go('down', steps(1))).rejects.toThrow('1700000000009 cannot be rolled back');
  });
});
