import { Command } from 'commander';
import { expect, test } from 'vitest';
import { createContext } from '../../src/cli/context.ts';
import type { Settings } from '../../src/config/settings.ts';

/** Whether the console keeps to ASCII in this environment, with these words and this settings file. */
function ascii(env: Record<string, string>, words: string[] = [], display?: Settings['display']): boolean {
  const program = new Command().option('--ascii').option('--no-color');
  program.parse(words, { from: 'user' });
  return createContext(env).display(program, { ...(display && { display }) } as Settings).ascii;
}

test.each([
  [{ LC_ALL: 'C' }, true],
  [{ LC_ALL: 'POSIX', LANG: 'de_DE.UTF-8' }, true],
  [{ LANG: 'de_DE.ISO-8859-1' }, true],
  [{ LC_CTYPE: 'C', LANG: 'en_US.UTF-8' }, true],
  [{ LANG: 'C.UTF-8' }, false],
  [{ LC_ALL: '', LANG: 'zh_CN.utf8' }, false],
  // no locale says nothing: containers set none, and their terminals are those of the people outside
  [{}, false],
  [{ TERM: 'linux', LANG: 'C.UTF-8' }, true],
  [{ TERM: 'vt100' }, true],
  [{ TERM: 'vt220-w' }, true],
  [{ TERM: 'xterm-256color', LANG: 'C.UTF-8' }, false],
])('%j: frames and marks keep to ASCII: %j', (env, expected) => {
  expect(ascii(env)).toBe(expected);
});

test('--ascii and the settings say otherwise', () => {
  expect(ascii({}, ['--ascii'])).toBe(true);
  expect(ascii({ LC_ALL: 'C' }, [], { ascii: false })).toBe(false);
});
