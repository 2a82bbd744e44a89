import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { askPassword } from '../../src/config/prompt.ts';

function terminal() {
  const input = new EventEmitter();
  const seen = { output: '', raw: [] as boolean[], interrupts: 0, hiddenWhenAsked: false };
  const answer = askPassword('Password: ', {
    input: Object.assign(input, {
      setRawMode: (mode: boolean) => seen.raw.push(mode),
      resume: () => input,
      pause: () => input,
    }) as never,
    output: {
      write: (text: string) => {
        if (text.includes('Password'))
          seen.hiddenWhenAsked = seen.raw.at(-1) === true && input.listenerCount('data') > 0;
        seen.output += text;
        return true;
      },
    },
    interrupt: () => seen.interrupts++,
  });
  const type = (...chunks: (string | Buffer)[]) => {
    for (const chunk of chunks) input.emit('data', typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  };
  return { seen, answer, type, listeners: () => input.listenerCount('data') };
}

test('what is typed is hidden by the time the question can be read', () => {
  const { seen, type } = terminal();
  expect(seen.hiddenWhenAsked).toBe(true);
  type('\r');
});

test.each([
  ['plain', ['geheim\r'], 'geheim'],
  ['typed key by key', ['a', 'b', '\n'], 'ab'],
  ['pasted with what follows', ['geheim\nls\n'], 'geheim'],
  ['backspace', ['abx\u007fc', '\b\b\b\b\b', 'yz\r'], 'yz'],
  ['^U', ['wrong\u0015right\r'], 'right'],
  ['UTF-8 cut in half', [Buffer.from([0xc3]), Buffer.from([0xa4]), '界\u007f\r'], 'ä'],
  ['arrow keys and a bracketed paste', ['a\u001b[D\u001b[200~b\u001b[201~\u001bOP\r'], 'ab'],
  ['nothing', ['\r'], undefined],
  ['^D ends as Enter does', ['ab\u0004'], 'ab'],
])('%s', async (_what, chunks, expected) => {
  const { seen, answer, type, listeners } = terminal();
  type(...chunks);
  expect(await answer).toBe(expected);
  expect(seen.raw).toEqual([true, false]);
  expect(listeners()).toBe(0);
  expect(seen.interrupts).toBe(0);
});

test('shows how much was typed, never what', async () => {
  const { seen, answer, type } = terminal();
  type('secret\r');
  await answer;
  expect(seen.output).toBe('Password: ******\n');
});

test('^C restores the terminal first, then interrupts', async () => {
  const { seen, answer, type } = terminal();
  type('sec\u0003');
  expect(await answer).toBeUndefined();
  expect(seen).toMatchObject({ raw: [true, false], interrupts: 1 });
});
