import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixFields } from '../../../../src/ops/schema/apply/input.ts';
import { type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { backedUp, contextIn } from '../../restore/stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

test('latest is the backup that newest stands for, and no safety backup', async () => {
  const context = contextIn(db.target(), temporaryDirectory());
  const good = await backedUp(context);
  const later = await backedUp(context, { label: 'before a restore' });
  const file = join(later.path, 'manifest.json');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), safety: true }));
  const choices = await fixFields.against.choices?.(context, {});
  expect(choices?.find(({ value }) => value === 'latest')?.hint).toBe(`the newest backup, ${good.id}`);
});
