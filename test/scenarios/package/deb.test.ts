import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { SHELLS } from '../../../src/cli/completion/shells.ts';
import { writeDeb } from '../../../src/package/deb.ts';
import { writeOneFile } from '../../../src/package/one-file.ts';
import { readReference } from '../../../src/package/reference/commands.ts';
import { htmlPage } from '../../../src/package/reference/html.ts';
import { manPage } from '../../../src/package/reference/man.ts';
import { readManual } from '../../../src/package/reference/manual.ts';
import { bundled } from '../../support/bundled.ts';
import { temporaryDirectory } from '../../support/program.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const has = (program: string) => spawnSync(program, ['--version']).status === 0;

describe.skipIf(!has('dpkg-deb') || process.getuid?.() !== 0)('the Debian package', () => {
  let deb: string;
  const version = '0.1.0';

  beforeAll(async () => {
    const directory = temporaryDirectory();
    const dist = await bundled();
    const program = join(directory, 'pgdeck');
    await writeOneFile(dist, program);
    deb = join(directory, `pgdeck_${version}_amd64.deb`);
    const [reference, chapters] = await Promise.all([readReference(), readManual()]);
    await writeDeb(
      deb,
      {
        ...{ version, architecture: 'amd64', program, description: 'console for PostgreSQL: see, and mend.' },
        manual: manPage(reference, chapters, new Date()),
        page: htmlPage(reference, chapters),
        licence: readFileSync(new URL('../../../LICENSE', import.meta.url), 'utf8'),
        others: readFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), 'utf8'),
      },
      0,
    );
  });

  test('is installed, runs, and is removed without a trace', () => {
    const root = temporaryDirectory();
    const dpkg = (...words: string[]) =>
      execFileSync('dpkg', ['--root', root, '--force-depends', '--force-not-root', ...words], {
        encoding: 'utf8',
      });
    execFileSync('mkdir', [
      '-p',
      ...['info', 'updates', 'triggers'].map((name) => join(root, 'var/lib/dpkg', name)),
    ]);
    for (const name of ['status', 'available']) writeFileSync(join(root, 'var/lib/dpkg', name), '');
    dpkg('--install', deb);
    const program = join(root, 'usr/bin/pgdeck');
    expect(execFileSync(program, ['--version'], { encoding: 'utf8' })).toMatch(/^\d+\.\d+\.\d+\n$/);
    for (const { system, script } of Object.values(SHELLS))
      expect(readFileSync(join(root, system), 'utf8')).toBe(script);
    if (has('man')) {
      const page = execFileSync('man', ['-M', join(root, 'usr/share/man'), 'pgdeck'], {
        encoding: 'utf8',
        env: { PATH: process.env.PATH, MANPAGER: 'cat', MANWIDTH: '80', LC_ALL: 'C.UTF-8' },
      });
      for (const part of [
        'NAME',
        'SYNOPSIS',
        'EXIT STATUS',
        'pgdeck backups verify',
        'PROMETHEUS AND GRAFANA',
      ])
        expect(page).toContain(part);
    }
    dpkg('--remove', 'pgdeck');
    expect(existsSync(program)).toBe(false);
    expect(existsSync(join(root, 'usr')) ? readdirSync(join(root, 'usr'), { recursive: true }) : []).toEqual(
      [],
    );
  });

  test.skipIf(!has('lintian'))('lintian finds no error', () => {
    const { stdout, stderr } = spawnSync('lintian', ['--fail-on', 'error', '--allow-root', deb], {
      encoding: 'utf8',
    });
    expect((stdout + stderr).split('\n').filter((line) => line.startsWith('E:'))).toEqual([]);
  });
});
