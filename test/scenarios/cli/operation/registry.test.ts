import { describe, expect, test } from 'vitest';
import { createContext } from '../../../../src/cli/context.ts';
import { buildProgram } from '../../../../src/cli/program.ts';
import { fieldsOf } from '../../../../src/ops/engine/fields.ts';
import { OPERATIONS } from '../../../../src/ops/registry.ts';

const OWN = ['--plan', '--json', '--yes', '--confirm', '--help'];
const program = buildProgram(createContext({}));
const globals = program.options.map((option) => option.long);

test('every id is there once, and has a command', () => {
  const ids = OPERATIONS.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const commands = program.commands.flatMap((command) => [
    command.name(),
    ...command.commands.map((inner) => `${command.name()} ${inner.name()}`),
  ]);
  for (const id of ids) expect(commands.filter((name) => name === id)).toEqual([id]);
});

describe.each(OPERATIONS)('$id', (entry) => {
  test('what the registry says is what is loaded', async () => {
    const operation = await entry.load();
    expect(operation.id).toBe(entry.id);
    expect(Object.keys(operation.fields).sort()).toEqual(Object.keys(operation.input.shape).sort());
    expect(entry.summary).toMatch(/^[^A-Z].*[^.]$/);
  });

  test('its flags are its own, and each is explained in a line', async () => {
    const fields = fieldsOf(await entry.load());
    const flags = fields.filter(({ argument }) => !argument).map(({ option }) => option);
    expect(new Set(flags).size).toBe(flags.length);
    expect(flags.filter((flag) => OWN.includes(flag) || globals.includes(flag))).toEqual([]);
    for (const flag of flags) expect(flag).toMatch(/^--[a-z]+(-[a-z]+)*$/);
    for (const { hint, title } of fields) {
      expect(hint).toMatch(/^[^\n]{3,110}$/);
      expect(hint).not.toMatch(/\.$/);
      expect(title).not.toBe('');
    }
    // an argument that may be left out cannot stand before one that may not
    const needed = fields.filter(({ argument }) => argument).map(({ required }) => required);
    expect(needed).toEqual([...needed].sort((a, b) => Number(b) - Number(a)));
  });
});
