import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hour } from './hour.ts';
import { measure, type Results } from './measure.ts';
import { memoryReport, report } from './report.ts';
import { createStage, DATABASE, type Stage } from './stage.ts';
import { ROLES, subjects } from './subjects.ts';

/*
 * What the console costs, against its budget and against pg_activity where that is installed: npm run bench.
 * Names of loads as arguments measure only these: npm run bench -- base
 */

/** The loads, each on top of the one before. */
const LOADS: readonly { name: string; add: (stage: Stage) => Promise<void> }[] = [
  { name: 'base', add: (stage) => stage.load() },
  { name: 'tables', add: (stage) => stage.addTables() },
  { name: 'active', add: (stage) => stage.addSessions() },
];
const asked = process.argv.slice(2);

const home = await mkdtemp(join(tmpdir(), 'pgdeck-bench-'));
const stage = await createStage();
process.once('SIGINT', () => void stage.remove().finally(() => process.exit(130)));
try {
  for (const role of Object.values(ROLES)) await stage.role(role);
  const all = subjects(stage.cluster, home);
  const results = new Map<string, Results>();
  for (const load of LOADS) {
    await load.add(stage);
    if (asked.length > 0 && !asked.includes(load.name)) continue;
    process.stderr.write(`${load.name} …\n`);
    results.set(load.name, await measure(stage, all));
  }
  process.stderr.write('an hour …\n');
  const { host, port } = stage.cluster.target();
  const url = `postgres://${ROLES.overview}@${host}:${port}/${DATABASE}?sslmode=disable`;
  const memory = await hour(url, home);
  console.log(`${report(results, all)}\n${memoryReport(memory)}`);
} finally {
  await stage.remove();
  await rm(home, { recursive: true, force: true });
}
