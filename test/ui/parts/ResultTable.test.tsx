import { render } from 'ink-testing-library';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { preloadTable, ResultTable } from '../../../src/ui/parts/ResultTable.tsx';
import { until } from '../../support/until.ts';

test('wide characters keep the columns: every line is as wide as the frame', async () => {
  const rows = [
    ['4711', '王小明', 'gone'],
    ['7', 'shop_app', 'was gone already'],
    ['12', '库存流水アプリ', '-'],
  ];
  const { lastFrame, unmount } = render(<ResultTable titles={['PID', 'USER', 'OUTCOME']} rows={rows} />);
  await until(() => (lastFrame() ?? '').includes('└'), { what: 'the table' });
  const lines = (lastFrame() ?? '').split('\n');
  unmount();
  expect(new Set(lines.map((line) => stringWidth(line))).size).toBe(1);
  for (const row of rows) expect(lines.some((line) => row.every((text) => line.includes(text)))).toBe(true);
});

test('a table that was prepared has its rows in the first frame', async () => {
  await preloadTable();
  const { frames, unmount } = render(<ResultTable titles={['PID']} rows={[['4711']]} />);
  unmount();
  expect(frames[0]).toContain('4711');
});

test('another table in the place of one has its own titles and widths', async () => {
  await preloadTable();
  const { lastFrame, rerender, unmount } = render(
    <ResultTable titles={['id', 'size']} rows={[['a', '1']]} />,
  );
  rerender(<ResultTable titles={['what', 'value']} rows={[['database', 'kept as it was before']]} />);
  const after = lastFrame();
  unmount();
  const { lastFrame: alone } = render(
    <ResultTable titles={['what', 'value']} rows={[['database', 'kept as it was before']]} />,
  );
  expect(after).toBe(alone());
  expect(after).toContain('what');
});
