import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const YOUNG = new URL('../../src/hosts/young-space.ts', import.meta.url).href;

test('it grows as far as is enough, and again after V8 has shrunk it', () => {
  const script = `
    import { getHeapSpaceStatistics } from 'node:v8';
    import { boundYoungSpace } from '${YOUNG}';
    const size = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size;
    // what outlives a collection lets the space grow
    const work = () => {
      let kept = [];
      for (let i = 0; i < 400_000; i++) {
        kept.push({ i, text: [i] });
        if (kept.length > 20_000) kept = [];
        if (i % 1000 === 0) boundYoungSpace();
      }
    };
    work();
    const full = size();
    gc({ type: 'major', flavor: 'last-resort' });
    const shrunk = size();
    work();
    console.log(JSON.stringify({ full, shrunk, again: size() }));`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', '--input-type=module', '-e', script],
    {
      encoding: 'utf8',
    },
  );
  expect(stderr).toBe('');
  const { full, shrunk, again } = JSON.parse(stdout);
  expect(full).toBeGreaterThanOrEqual(8_000_000);
  expect(full).toBeLessThan(40_000_000);
  expect(shrunk).toBeLessThan(8_000_000);
  expect(again).toBeGreaterThanOrEqual(8_000_000);
  expect(again).toBeLessThan(40_000_000);
});
