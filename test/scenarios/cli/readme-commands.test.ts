import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { createContext } from '../../../src/cli/context.ts';
import { complete } from '../../../src/cli/operation.ts';
import { buildProgram } from '../../../src/cli/program.ts';
import { OPERATIONS } from '../../../src/ops/registry.ts';
import { TEXTS } from '../../support/readme.ts';

/** Each command that a text shows, without what the shell does with it. */
function shown(text: string): string[] {
  const blocks = [...text.matchAll(/^```\w*\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) =>
    block.split('\n'),
  );
  const spans = [...text.matchAll(/`(pgdeck [^`\n]+)`/g)].map(([, span = '']) => span);
  return [...blocks, ...spans]
    .flatMap((line) => line.replace(/^\$ /, '').split(/&&|\s\|\s|\s[<>]\s/))
    .map((command) => command.replace(/\s#\s.*/, '').trim())
    .filter((command) => command.startsWith('pgdeck'));
}

/** What of it the program does not have; undefined for nothing. */
function unknown(program: Command, line: string): string | undefined {
  const words = line.match(/"[^"]*"|'[^']*'|\S+/g)?.slice(1) ?? [];
  let command = program;
  const flags = new Set<string>();
  for (const word of words) {
    if (word.startsWith('-')) flags.add(word.replace(/=.*/, ''));
    else command = command.commands.find((one) => one.name() === word) ?? command;
  }
  if (command === program && words[0] !== undefined && /^[a-z]/.test(words[0])) return `${line}: no command`;
  const known = [program, command].flatMap(({ options }) =>
    options.flatMap(({ short, long }) => [short, long, long?.replace('--no-', '--')]),
  );
  const lacking = [...flags].filter((flag) => flag !== '--help' && !known.includes(flag));
  return lacking.length > 0 ? `${line}: ${lacking.join(' ')}` : undefined;
}

test('every command of README and manual is one, and has the flags that stand there', async () => {
  const context = createContext({});
  const program = buildProgram(context);
  for (const entry of OPERATIONS) {
    let command: Command | undefined = program;
    for (const word of entry.id.split(' ')) command = command?.commands.find((one) => one.name() === word);
    if (command) await complete(command, await entry.load(), context);
  }
  const lines = TEXTS.flatMap((file) => shown(readFileSync(file, 'utf8')));
  expect(lines.length).toBeGreaterThan(150);
  expect(lines.map((line) => unknown(program, line)).filter((fault) => fault !== undefined)).toEqual([]);
  expect(unknown(program, 'pgdeck restore newest --beside')).toMatch(/--beside/);
  expect(unknown(program, 'pgdeck restrore newest')).toMatch(/no command/);
});
