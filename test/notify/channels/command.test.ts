import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { local } from '../../../src/hosts/local.ts';
import { command } from '../../../src/notify/channels/command.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { MESSAGE, never } from '../receiver.ts';

const directory = temporaryDirectory();
const program = join(directory, 'page it.sh');
const out = join(directory, 'out');
const PLANTED = [
  'PGPASSWORD',
  'PGDECK_WEBHOOK_URL',
  'PGDECK_PING_URL',
  'PGDECK_SMTP_URL',
  'PGDECK_LISTEN_TOKEN',
];

beforeAll(() => {
  for (const name of PLANTED) process.env[name] = `planted-${name}`;
});
afterAll(() => {
  for (const name of PLANTED) delete process.env[name];
});

function script(text: string): void {
  writeFileSync(program, `#!/bin/sh\n${text}\n`);
  chmodSync(program, 0o755);
}

const send = (args: readonly string[] = [], timeoutMs = 5_000, signal = never()) =>
  command([program, ...args], local, timeoutMs).send(MESSAGE, signal);

test('it gets the message on its standard input, its words as they are, and no secret of ours', async () => {
  script(`cat > '${out}'; env > '${out}.env'; printf '%s\\n' "$@" > '${out}.args'`);
  await send(['--to', 'on call', `; touch '${out}.shell'`, '$HOME']);
  expect(JSON.parse(readFileSync(out, 'utf8'))).toEqual(MESSAGE);
  expect(readFileSync(`${out}.args`, 'utf8')).toBe(`--to\non call\n; touch '${out}.shell'\n$HOME\n`);
  expect(existsSync(`${out}.shell`)).toBe(false);
  expect(readFileSync(`${out}.env`, 'utf8')).not.toMatch(/planted/);
});

test('what fails says why in its last line, cleaned, and without what it was handed', async () => {
  script(`echo first >&2; printf 'no \\033[31mroute for %s.\\n' "$2" >&2; exit 7`);
  const label = 'command page it.sh';
  await expect(send(['--key', 'k3y-of-the-pager'])).rejects.toMatchObject({
    name: 'NotifyError',
    message: `${label} failed with exit code 7: no route for ….`,
    permanent: false,
  });
  // parts of what it was handed, too
  script(
    `echo "no route to pager.example/T0/B0-s3cr3t for dba with k3y-of-it, h3ader-of-it or qu3ry-of-it" >&2; exit 1`,
  );
  const parts = ['dba:k3y-of-it', 'Authorization: Bearer h3ader-of-it'];
  const url = 'https://me:p4ssword@pager.example/T0/B0-s3cr3t?token=qu3ry-of-it';
  await expect(send([...parts, url])).rejects.toThrow(
    `${label} failed with exit code 1: no route to pager.example/T0/… for dba with …, … or ….`,
  );
  script('exit 1');
  await expect(send()).rejects.toThrow(`${label} failed with exit code 1.`);
  script('exec sleep 60');
  await expect(send([], 50)).rejects.toThrow(`${label} took longer than 0.05 s and was ended.`);
  await expect(send([], 5_000, AbortSignal.timeout(20))).rejects.toThrow(`${label} was not waited for.`);
  chmodSync(program, 0o644);
  await expect(send()).rejects.toThrow(`${label} may not be run by this user.`);
  await expect(command(['/nowhere/x'], local).send(MESSAGE, never())).rejects.toThrow(
    'command x is not there.',
  );
});

test('one that does not read its input is told nonetheless', async () => {
  script('exit 0');
  const long = { ...MESSAGE, text: 'x'.repeat(1_000_000) };
  await command([program], local).send(long, never());
});
