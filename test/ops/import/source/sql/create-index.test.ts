import { expect, test } from 'vitest';
import { readCreateIndex } from '../../../../../src/ops/import/source/sql/create-index.ts';

test('columns, expressions and what the rows of a partial one have', () => {
  expect(
    readCreateIndex(
      'CREATE UNIQUE INDEX "on" ON [t (x)] (a COLLATE NOCASE DESC, lower(b || \',\'), "c d" ASC) WHERE a > (1) AND b -- why\n IS NOT NULL',
    ),
  ).toEqual({ parts: ['a', "lower(b || ',')", '"c d"'], where: 'a > (1) AND b -- why\n IS NOT NULL' });
  expect(readCreateIndex('CREATE INDEX i ON t (a)')).toEqual({ parts: ['a'], where: undefined });
  expect(readCreateIndex('CREATE TABLE t (a)')).toBeUndefined();
});
