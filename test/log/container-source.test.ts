import { expect, test } from 'vitest';
import { ContainerSource } from '../../src/log/container-source.ts';

interface Said {
  readonly stdout?: string;
  readonly stderr?: string;
}

const stamp = (second: number, more = '') =>
  `2026-11-30T01:00:${String(second).padStart(2, '0')}.000000001Z${more}`;
const line = (second: number, text: string) => `${stamp(second)} ${text}\n`;

/** A source of what a container says; `say` what it keeps from now on, `asked` how many lines were asked for. */
function source(first: Said, { stamped = false, lines = true } = {}) {
  let said = first;
  const asked: number[] = [];
  const tail = (text: string, count: number) =>
    lines
      ? text
          .split('\n')
          .slice(-count - 1)
          .join('\n')
      : text;
  const one = new ContainerSource(
    {
      tail: async (count) => {
        asked.push(count);
        const { stdout = '', stderr = '' } = said;
        return { stdout: tail(stdout, count), stderr: tail(stderr, count) };
      },
    },
    'the container shop',
    { stamped },
  );
  const read = async () => {
    const [file] = await one.list();
    return (await one.read('output', 0, file?.size ?? 0)).toString();
  };
  return {
    one,
    asked,
    read,
    say: (next: Said) => {
      said = next;
    },
  };
}

test('both streams are one text in the order of their times, without these', async () => {
  const { one, read } = source({
    stdout: line(1, 'one') + line(4, 'four'),
    stderr: line(2, 'two') + line(3, 'three'),
  });
  expect(await read()).toBe('one\ntwo\nthree\nfour\n');
  expect(await one.list()).toEqual([
    { id: 'output', name: 'output', format: 'stderr', size: 19, modified: Date.parse(stamp(4)) },
  ]);
  expect(one.place).toBe('the output of the container shop');
  expect(await one.formats()).toEqual(['stderr']);
});

test('what is asked for again adds what is new, also of one moment', async () => {
  const { read, say } = source({ stderr: line(1, 'a') + line(2, 'b') });
  await read();
  say({ stderr: line(1, 'a') + line(2, 'b') + line(2, 'c') });
  expect(await read()).toBe('a\nb\nc\n');
  expect(await read()).toBe('a\nb\nc\n');
  say({ stderr: line(2, 'b') + line(2, 'c') + line(2, 'd') + line(3, 'e') });
  expect(await read()).toBe('a\nb\nc\nd\ne\n');
  // rotated: what was read stays
  say({ stderr: line(9, 'f') });
  expect(await read()).toBe('a\nb\nc\nd\ne\nf\n');
});

test('lines whose prefix has no time get theirs, but what goes on with one', async () => {
  const { read } = source({ stderr: line(1, 'LOG:  a') + line(1, '\tb') }, { stamped: true });
  expect(await read()).toBe('2026-11-30 01:00:01.000 UTC LOG:  a\n\tb\n');
});

test('more is asked for until it goes back far enough, and nothing from before that is kept', async () => {
  const stderr = Array.from({ length: 3_000 }, (_, at) => line(Math.floor(at / 60), `${at}`)).join('');
  const { one, asked, read } = source({ stderr });
  // a minute before it is read, too
  one.from(Date.parse(stamp(0)) + 80_000);
  const text = await read();
  expect(asked).toEqual([1_000, 4_000]);
  expect(text.split('\n')[0]).toBe(String(20 * 60));
  expect(text.split('\n').at(-2)).toBe('2999');
});

test('a long line is whole without the times of its pieces, and what has no time is left out', async () => {
  const piece = 'x'.repeat(16_384);
  const { read } = source({
    stderr: `rest of a line\n${stamp(1)} ${piece}${stamp(1)} ${piece}${stamp(1)} end\r\n${line(2, 'next\r')}`,
  });
  expect(await read()).toBe(`${piece}${piece}end\nnext\n`);
});

test('memory is bounded: the oldest lines go, the head by which it is known stays', async () => {
  const { one, read, say } = source({ stderr: line(1, 'the first') }, { lines: false });
  await read();
  const text = 'y'.repeat(16_000);
  say({ stderr: line(1, 'the first') + Array.from({ length: 2_200 }, () => line(2, text)).join('') });
  const [file] = await one.list();
  const size = file?.size ?? 0;
  expect(size).toBe(10 + 2_200 * 16_001);
  expect((await one.heads(['output'], 9))[0]?.toString()).toBe('the first');
  const kept = await one.read('output', size - one.most, one.most);
  expect(kept.length).toBeLessThanOrEqual(one.most);
  expect((await one.read('output', size - 16_001, 100)).toString()).toBe('y'.repeat(100));
});
