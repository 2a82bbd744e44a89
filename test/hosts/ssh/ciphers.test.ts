import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fastCiphers, gcmFirst } from '../../../src/hosts/ssh/ciphers.ts';
import { temporaryDirectory } from '../../support/program.ts';

const HAS_AES = /\baes\b/.test(readFileSync('/proc/cpuinfo', 'utf8'));

describe('the ciphers of a connection', () => {
  const directory = temporaryDirectory();
  const ask = (name: string, lines: readonly string[]) => {
    const config = join(directory, name);
    writeFileSync(config, `${lines.join('\n')}\n`);
    return fastCiphers({ destination: 'db1', config });
  };

  test('those of AES-GCM come first, and none is added', () => {
    expect(gcmFirst('chacha20-poly1305@openssh.com,aes128-ctr,aes128-gcm@openssh.com')).toBe(
      'aes128-gcm@openssh.com,chacha20-poly1305@openssh.com,aes128-ctr',
    );
    expect(gcmFirst('aes256-ctr')).toBe('aes256-ctr');
  });

  test.skipIf(!HAS_AES)('they are those that ssh takes by itself', async () => {
    const ciphers = (await ask('usual', ['Host db1', '  Port 1']))?.split(',') ?? [];
    expect(ciphers[0]).toMatch(/^aes\d+-gcm@openssh\.com$/);
    expect(ciphers).toContain('chacha20-poly1305@openssh.com');
  });

  test('an order that the configuration says is kept', async () => {
    const line = '  Ciphers aes256-ctr,aes128-gcm@openssh.com';
    expect(await ask('own', ['Host db1', line])).toBeUndefined();
  });

  test('a configuration that ssh does not take leaves it to ssh to say so', async () => {
    expect(await ask('wrong', ['Nonsense yes'])).toBeUndefined();
  });
});
