import { expect, test } from 'vitest';
import { readManual } from '../../../src/package/reference/manual.ts';
import { plain } from '../../../src/package/reference/markdown.ts';

test('every chapter begins with its title, and has no other', async () => {
  for (const { name, blocks } of await readManual()) {
    const titles = blocks.filter((one) => one.kind === 'heading' && one.level === 1);
    expect(titles, name).toHaveLength(1);
    expect(blocks[0], name).toBe(titles[0]);
    expect(blocks.length, name).toBeGreaterThan(2);
  }
});

test('what the pages have elsewhere is not there twice', async () => {
  const chapters = await readManual();
  const cells = chapters.flatMap(({ blocks }) =>
    blocks.flatMap((one) => (one.kind === 'table' ? one.rows.map(([first]) => plain(first ?? [])) : [])),
  );
  expect(cells).toContain('pgdeck health');
  expect(cells.filter((cell) => cell.startsWith('pgdeck migrate'))).toEqual([]);
});
