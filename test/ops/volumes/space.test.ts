import { describe, expect, test } from 'vitest';
import type { Seen } from '../../../src/ops/volumes/look.ts';
import { roomChecks, shapeChecks } from '../../../src/ops/volumes/space.ts';

const MB = 2 ** 20;
const room = (free: number, total = 1000 * MB) => ({ free: free * MB, total });
const takes = { archive: 10 * MB, content: 100 * MB };

function seen(more: Partial<Seen> = {}): Seen {
  const source = { kind: 'volume', name: 'files' } as const;
  const shape = { cluster: undefined, isFile: false, nested: [] };
  return { name: 'files', source, bytes: 60 * MB, room: room(500), ...shape, ...more };
}
const statuses = (...args: Parameters<typeof roomChecks>) => roomChecks(...args).map(({ status }) => status);

describe('room for a restore where docker keeps its volumes', () => {
  test('a copy of what is there, the archive, and what comes out of it beyond that', () => {
    expect(statuses(room(110), seen(), takes, false)).toEqual(['ok']);
    const [check] = roomChecks(room(109), seen(), takes, false);
    expect(check).toMatchObject({ status: 'block', answer: { field: 'accept', value: 'space' } });
    expect(check?.detail).toMatch(
      /^109 MB are free where docker keeps its volumes; .* up to 110 MB: a copy of/,
    );
    expect(statuses(room(109), seen(), takes, true)).toEqual(['warn']);
  });

  test('one that is made anew needs no copy', () => {
    expect(statuses(room(110), undefined, takes, false)).toEqual(['ok']);
    expect(statuses(room(109), undefined, takes, false)).toEqual(['block']);
  });

  test('a directory on another disk needs its own room there', () => {
    const elsewhere = (free: number) => seen({ room: room(free, 2000 * MB) });
    expect(statuses(room(70), elsewhere(40), takes, false)).toEqual(['ok', 'ok']);
    expect(statuses(room(69), elsewhere(40), takes, false)).toEqual(['block', 'ok']);
    expect(statuses(room(70), elsewhere(39), takes, false)).toEqual(['ok', 'block']);
  });

  test('what is not told is a warning', () => {
    expect(statuses(undefined, seen(), takes, false)).toEqual(['warn']);
    expect(statuses(room(500), seen({ bytes: undefined }), takes, false)).toEqual(['warn']);
  });
});

test('what cannot be emptied is not restored into', () => {
  expect(shapeChecks(seen())).toEqual([]);
  expect(shapeChecks(seen({ isFile: true }))).toMatchObject([{ status: 'block' }]);
  expect(shapeChecks(seen({ nested: ['a/b'] }))).toMatchObject([
    { status: 'block', detail: expect.stringContaining('mounted at a/b of files') },
  ]);
});
