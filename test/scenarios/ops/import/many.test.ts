import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { peakMb } from '../../../bench/process.ts';
import { sqliteFile } from '../../../ops/import/stage.ts';
import { inDatabase } from '../../../ops/restore/stage.ts';
import { type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { cleanEnvironment, MAIN, temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

const MANY = 3_000_000;
const LIMIT_MB = 250;

test('three million rows come within 250 MB', { timeout: 280_000 }, async () => {
  const file =
    sqliteFile(`CREATE TABLE a (id INTEGER PRIMARY KEY, v TEXT, at DATETIME, n REAL, d DECIMAL(8,2), b BLOB, j JSON);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MANY})
      INSERT INTO a SELECT i, 'zwölf ' || i, 1700000000 + i, i / 7.0, i % 1000 / 4.0, x'00ff', CASE WHEN i % 4 = 0 THEN '{"n": 1}' END FROM n`);
  const { host, port, user } = db.target();
  const child = spawn(
    process.execPath,
    [
      ...[MAIN, '-h', host, '-p', String(port), '-U', user, '-d', db.database],
      ...['import', 'sqlite', file, '--confirm', db.database, '--json', '--report', join(home, 'many')],
    ],
    { env: { ...cleanEnvironment(home), TMPDIR: home }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let peak = 0;
  let said = '';
  child.stdout.on('data', () => {
    peak = Math.max(peak, peakMb(child.pid ?? 0));
  });
  child.stderr.on('data', (data) => {
    said += String(data);
  });
  const [code] = await once(child, 'close');
  expect(code, said).toBe(0);
  const [row] = await inDatabase(db.database, (session) => session.sql('SELECT count(*)::int AS n FROM a'));
  expect(row?.n).toBe(MANY);
  expect(peak).toBeGreaterThan(50);
  expect(peak).toBeLessThan(LIMIT_MB);
});
