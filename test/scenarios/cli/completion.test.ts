import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { cleanEnvironment, MAIN, pgdeckHere, temporaryDirectory } from '../../support/program.ts';
import { type Pty, spawn } from '../../support/terminal/pty.ts';

const home = temporaryDirectory();
let db: TestDatabase;
let env: Record<string, string>;
let backup: string;

beforeAll(async () => {
  db = await testDatabase();
  const { host, port, database } = db.target();
  const bin = join(home, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'pgdeck'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
  chmodSync(join(bin, 'pgdeck'), 0o755);
  env = cleanEnvironment(home, {
    PATH: `${bin}:${process.env.PATH ?? ''}`,
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: 'postgres',
    PGDATABASE: database,
    BACKUP_DIR: join(home, 'backups'),
    TERM: 'xterm',
    // of a machine that has other things to do
    PGDECK_COMPLETION_TIMEOUT: '9000',
  });
  const made = await pgdeckHere(['backup', '--yes'], env);
  expect(made.code, made.stderr).toBe(0);
  backup = readdirSync(join(home, 'backups')).find((name) => name.startsWith(database)) ?? '';
  expect(backup).not.toBe('');
}, 60_000);
afterAll(() => db.drop());

const installed = (shell: string) => spawnSync(shell, ['--version']).status === 0;

/** A shell of somebody who has nothing but the completion of pgdeck, with the words typed and Tab pressed. */
const SHELLS: Readonly<Record<string, { readonly args: readonly string[]; readonly set: string }>> = {
  bash: { args: ['--norc', '--noprofile', '-i'], set: 'source <(pgdeck completion bash)' },
  zsh: { args: ['-f', '-i'], set: 'autoload -U compinit; compinit -u; source <(pgdeck completion zsh)' },
  fish: { args: ['--no-config', '-i'], set: 'pgdeck completion fish | source' },
};

describe.each(Object.entries(SHELLS))('%s', (shell, { args, set }) => {
  test.skipIf(!installed(shell))(
    'completes commands, backups, databases and files',
    { timeout: 60_000 },
    async () => {
      const files = join(home, shell);
      mkdirSync(files);
      writeFileSync(join(files, 'unusual-file.sql'), 'SELECT 1;');
      const pty = spawn(shell, args, { cols: 200, rows: 50, env: { ...env, PS1: '$ ' }, cwd: files });
      try {
        pty.type(`${set}; echo se''t\r`);
        await pty.waitFor(/^set$/m);
        await completed(pty, 'pgdeck res', 'pgdeck restore');
        await completed(pty, `pgdeck restore ${backup.slice(0, 3)}`, `pgdeck restore ${backup}`);
        await completed(pty, `pgdeck -d ${db.database.slice(0, -2)}`, `pgdeck -d ${db.database}`);
        await completed(pty, 'pgdeck backup --form', 'pgdeck backup --format');
        await completed(pty, 'pgdeck run-sql unus', 'pgdeck run-sql unusual-file.sql');
      } finally {
        pty.kill();
        await pty.exit;
      }
    },
  );
});

async function completed(pty: Pty, typed: string, whole: string): Promise<void> {
  pty.type(`${typed}\t`);
  await pty.waitFor(whole);
  // the line is given up
  pty.type('\u0015');
  await pty.waitFor((screen) => !(screen.findLast((line) => line.trim() !== '') ?? '').includes('pgdeck'));
}
