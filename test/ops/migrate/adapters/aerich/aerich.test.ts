import { describe, expect, inject, test } from 'vitest';
import { BASE, LATEST, stages, steps, to } from '../stage.ts';

const stage = stages('aerich');

/** What Aerich 0.7.2 prints, by its source, played by a script that moves the history as it would. */
const recorded = (bin: string) => `#!/bin/sh
sql() { "${bin}/psql" -X -q -v ON_ERROR_STOP=1 -c "$1" || exit 1; }
echo "$*" >> calls
case "$*" in
  '--app models upgrade')
    [ -e broken ] && { echo 'Traceback (most recent call last):' >&2; echo '  File "x.py", line 1, in y' >&2; echo 'tortoise.exceptions.OperationalError: relation "nowhere" does not exist' >&2; exit 1; }
    [ -e idle ] && { echo 'No upgrade items found'; exit 0; }
    sql "CREATE TABLE IF NOT EXISTS aerich (id serial PRIMARY KEY, version varchar(255), app varchar(100), content jsonb);
         INSERT INTO aerich (version, app, content) SELECT v, 'models', '{}' FROM (VALUES ('0_20260101_init.py'), ('1_20260102_age.py'), ('2_20260103_city.py')) t(v) WHERE v NOT IN (SELECT version FROM aerich)"
    echo 'Success upgrade 0_20260101_init.py'; echo 'Success upgrade 1_20260102_age.py'; echo 'Success upgrade 2_20260103_city.py' ;;
  '--app models downgrade --version '*' --yes')
    [ -e idle ] && { echo 'No downgrade items found'; exit 0; }
    sql "DELETE FROM aerich WHERE id >= (SELECT id FROM aerich WHERE version LIKE '$5\\_%')"
    echo "Success downgrade $5" ;;
  *) echo 'Usage: aerich [OPTIONS] COMMAND [ARGS]...' >&2; echo 'Error: No such option' >&2; exit 2 ;;
esac
`;

const migration = (up: string, down: string) =>
  `from tortoise import BaseDBAsyncClient\nasync def upgrade(db: BaseDBAsyncClient) -> str:\n    return """${up}"""\n\n` +
  `async def downgrade(db: BaseDBAsyncClient) -> str:\n    return """${down}"""\n`;

const FILES = () => ({
  '.venv/bin/aerich': recorded(inject('postgres').bin),
  'pyproject.toml':
    '[tool.aerich]\ntortoise_orm = "settings.ORM"\nlocation = "./moves"\n[tool.other]\nlocation = "no"\n',
  'moves/models/0_20260101_init.py': migration('CREATE TABLE users ();', ''),
  'moves/models/1_20260102_age.py': migration(
    'ALTER TABLE users ADD age int;',
    'ALTER TABLE users DROP age;',
  ),
  'moves/models/2_20260103_city.py': migration(
    'ALTER TABLE users ADD city text;',
    'ALTER TABLE users DROP city;',
  ),
});

describe('Aerich, against recorded outputs: a script plays what 0.7.2 prints, since Debian has no Aerich', () => {
  test('up all; down to a version names the one above it, which it takes, too, and never asks', async () => {
    const project = await stage(FILES());
    expect(await project.adapter.detect(await project.where())).toBe(
      `pyproject.toml of Aerich in ${project.root}`,
    );
    expect(await project.states()).toEqual([
      '0_20260101_init.py pending',
      '1_20260102_age.py pending',
      '2_20260103_city.py pending',
    ]);
    await expect(project.go('up', steps(1))).rejects.toThrow(
      'Aerich applies everything that waits (3), not 1 of it.',
    );
    const up = await project.go('up', LATEST);
    expect(up.end.text).toBe('Work: done.');
    expect(up.route.steps[0]?.preview).toMatch(/^aerich --app models upgrade\n/);
    const down = await project.go('down', to('0_20260101_init.py'));
    expect(down.end.text).toBe('Work: done.');
    expect(down.route.steps[0]?.preview).toMatch(/^aerich --app models downgrade --version 1 --yes\n/);
    expect(await project.states()).toEqual([
      '0_20260101_init.py applied',
      '1_20260102_age.py pending',
      '2_20260103_city.py pending',
    ]);
    // a way down without SQL is none
    await expect(project.go('down', BASE)).rejects.toThrow('0_20260101_init.py has no way down');
  });

  test('nothing done with exit code 0 is a failure where something was planned', async () => {
    const project = await stage(FILES());
    await project.go('up', LATEST);
    project.write({ idle: '' });
    const { end } = await project.go('down', steps(1));
    expect(end.text).toMatch(/failed: No downgrade items found\. The history is as it was\./);
  });

  test('an exception is told by its last line', async () => {
    const project = await stage({ ...FILES(), broken: '' });
    const { end } = await project.go('up', LATEST);
    expect(end.text).toMatch(
      /aerich --app models upgrade failed with exit code 1: tortoise\.exceptions\.OperationalError: relation "nowhere" does not exist/,
    );
  });
});
