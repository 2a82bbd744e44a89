import { expect, test } from 'vitest';
import { CopyReader, writerOf } from '../../../../src/ops/import/load/copy-text.ts';

test('what is written is read back, wherever the bytes are cut', () => {
  const cells = ['a\tb', 'line\nline\r', '\\N', '\\.', '', '日本\u2028'];
  const line = `${cells.map(writerOf('text')).join('\t')}\t\\N\t${writerOf('bytea')('\\x00')}\n`;
  const bytes = Buffer.from(line.repeat(2));
  for (let cut = 0; cut <= bytes.length; cut++) {
    const rows: unknown[] = [];
    const reader = new CopyReader((row) => rows.push(row));
    reader.push(bytes.subarray(0, cut));
    reader.push(bytes.subarray(cut));
    expect(rows).toEqual([
      [...cells, null, '\\x00'],
      [...cells, null, '\\x00'],
    ]);
  }
});
