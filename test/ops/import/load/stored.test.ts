import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { Refusal } from '../../../../src/ops/import/convert/value.ts';
import { howOfType } from '../../../../src/ops/import/existing/types.ts';
import { putterOf } from '../../../../src/ops/import/load/binary.ts';
import { storedPutter } from '../../../../src/ops/import/load/stored.ts';
import { Tuples } from '../../../../src/ops/import/load/tuples.ts';
import { readCatalog } from '../../../../src/ops/import/source/catalog.ts';
import { rowsOf } from '../../../../src/ops/import/source/rows.ts';
import { storedRows } from '../../../../src/ops/import/source/stored.ts';
import { sqliteFile } from '../stage.ts';

const CELLS = [
  ...['0', '1', '2', '-1', '32767', '32768', '-32768', '-32769', '2147483647', '2147483648', '-2147483648'],
  ...[
    '1700000000',
    '1700000000123',
    '1700000000123456',
    '9007199254740993',
    '9223372036854775807',
    '140737488355328',
  ],
  ...[
    '0.0',
    '1.0',
    '-1.0',
    '0.5',
    '31.01',
    '-99999999.99',
    '99999999.99',
    '100000000.0',
    '0.005',
    '1e-7',
    '1e20',
    '9e999',
  ],
  ...[
    "''",
    "'yes'",
    "'12.5'",
    "'日本語'",
    "'abc'",
    "'abcd'",
    "'a' || char(0)",
    "CAST(x'ff' AS TEXT)",
    'hex(zeroblob(200))',
  ],
  ...[
    "replace(hex(zeroblob(60)), '00', 'é')",
    'hex(zeroblob(60)) || char(0)',
    "x''",
    "x'00ff'",
    'zeroblob(9000)',
  ],
  ...[
    "'2024-01-31'",
    "'2024-02-30'",
    "'2024-01-31 08:00:00'",
    "'2024-01-31T08:00:00.123456'",
    "'2024-01-31 08:00:00.'",
  ],
  ...[
    "'2024-01-31 08:00:60'",
    "'0001-01-01 00:00:00'",
    "'9999-12-31 23:59:59'",
    "'2024-01-31 08:00:00+02:00'",
    "'08:00'",
  ],
  ...[
    `'{"a": [1, -0.5, true, null, "é"]}'`,
    `'{"a":1e5}'`,
    `'{"a":"\\u0000"}'`,
    `'{"a":'`,
    "'[1,]'",
    "'01'",
    "' 1 '",
  ],
  ...["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", 'randomblob(16)'],
];

const TYPES = [
  ...[
    'smallint',
    'integer',
    'bigint',
    'boolean',
    'double precision',
    'real',
    'numeric',
    'numeric(10,2)',
    'numeric(9,4)',
  ],
  ...[
    'numeric(12,0)',
    'numeric(15,8)',
    'text',
    'character varying',
    'character varying(3)',
    'bytea',
    'uuid',
    'date',
  ],
  ...['time without time zone', 'timestamp with time zone', 'timestamp without time zone', 'jsonb', 'json'],
];

test.each(TYPES)(
  '%s: from its page a value becomes the same bytes, or is refused for the same reason',
  (type) => {
    const how = howOfType(type, [], { zone: '+02:00' });
    const put = putterOf(how);
    if (put === undefined) throw new Error(`${type} has no bytes`);
    const stored = storedPutter(how, put, true);
    // the second keeps integers where a fraction could be
    const path = sqliteFile(
      `CREATE TABLE t (plain, real REAL); INSERT INTO t VALUES ${CELLS.map((cell) => `(${cell}, ${cell})`).join(', ')}`,
    );
    const database = new DatabaseSync(path, { readOnly: true });
    const [table] = readCatalog(database).tables;
    if (table === undefined) throw new Error('no table');
    const rows = storedRows(database, table);
    let taken = 0;
    for (const { cells } of rowsOf(database, table)) {
      const row = rows?.next().value;
      for (const [column, cell] of cells.slice(0, 2).entries()) {
        const [mine, other] = [new Tuples(), new Tuples()];
        const read = cell instanceof Refusal || cell === null ? cell : put(cell, other);
        const found = row && stored(row, column, mine);
        expect(found, String(cell)).toEqual(read);
        expect(mine.take().toString('hex'), String(cell)).toBe(other.take().toString('hex'));
        if (found === undefined) taken++;
      }
    }
    expect(rows?.next().done).toBe(true);
    expect(taken).toBeGreaterThan(1);
    database.close();
  },
);
