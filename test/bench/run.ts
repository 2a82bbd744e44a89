import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { far } from './far.ts';
import { fleet } from './fleet.ts';
import { HEALTH_ROLE, type Question, questions } from './health.ts';
import { hosts } from './hosts/hosts.ts';
import { hour } from './hour.ts';
import { importing } from './import.ts';
import { measure, type Results } from './measure.ts';
import { operations } from './operations/operations.ts';
import { packaged } from './package.ts';
import { remote } from './remote/remote.ts';
import { memoryReport, questionsReport, report } from './report.ts';
import { createStage, DATABASE, type Stage } from './stage.ts';
import { ROLES, subjects } from './subjects.ts';

/*
 * What the console costs, against its budget and against pg_activity where that is installed, and what backup and
 * restore cost against the programs they run: npm run bench. Names of parts as arguments measure only these:
 * npm run bench -- base operations. They are the loads (base, tables, active), health (what its questions cost),
 * operations, import (a SQLite file, against COPY of a file that is ready), remote (copies to a server of S3 on this
 * machine), hosts (1 GB by way of docker and ssh), which needs root, dockerd and sshd, package (how the one file starts,
 * against the unpacked form), fleet (keys over ten servers of which three do not answer), and far (first figures and keys
 * through 100 ms each way); the last five run only where they are named. A number is how many rounds of operations, import,
 * remote, hosts, fleet or far, or starts of package, there are.
 */

/** The loads, each on top of the one before. */
const LOADS: readonly { name: string; add: (stage: Stage) => Promise<void> }[] = [
  { name: 'base', add: (stage) => stage.load() },
  { name: 'tables', add: (stage) => stage.addTables() },
  { name: 'active', add: (stage) => stage.addSessions() },
];
/** The loads under which the questions of the checks are measured one by one. */
const ASKED = ['base', 'tables'];
const ROUNDS = 3;
const words = process.argv.slice(2);
const parts = words.filter((word) => !/^\d+$/.test(word));
const counted = words.find((word) => /^\d+$/.test(word));
const rounds = Number(counted ?? ROUNDS);
const wanted = (part: string) => parts.length === 0 || parts.includes(part);

async function monitor(home: string): Promise<string> {
  const stage = await createStage();
  const stop = () => void stage.remove().finally(() => process.exit(130));
  process.once('SIGINT', stop);
  try {
    for (const role of [...Object.values(ROLES), HEALTH_ROLE]) await stage.role(role);
    const all = subjects(stage.cluster, home);
    const results = new Map<string, Results>();
    const asked = new Map<string, readonly Question[]>();
    for (const load of LOADS) {
      await load.add(stage);
      const dear = ASKED.includes(load.name) && (wanted(load.name) || wanted('health'));
      if (dear) asked.set(load.name, await questions(stage));
      if (!wanted(load.name)) continue;
      process.stderr.write(`${load.name} …\n`);
      results.set(load.name, await measure(stage, all));
    }
    if (results.size === 0) return questionsReport(asked);
    process.stderr.write('an hour …\n');
    const { host, port } = stage.cluster.target();
    const url = `postgres://${ROLES.overview}@${host}:${port}/${DATABASE}?sslmode=disable`;
    const memory = await hour(url, home);
    return `${report(results, all)}\n${questionsReport(asked)}\n${memoryReport(memory)}\n`;
  } finally {
    process.off('SIGINT', stop);
    await stage.remove();
  }
}

const home = await mkdtemp(join(tmpdir(), 'pgdeck-bench-'));
try {
  if (wanted('health') || LOADS.some(({ name }) => wanted(name))) console.log(await monitor(home));
  if (wanted('operations')) console.log(await operations(home, rounds));
  if (wanted('import')) console.log(await importing(home, rounds));
  if (parts.includes('remote')) console.log(await remote(home, rounds));
  if (parts.includes('package'))
    console.log(await packaged(home, counted === undefined ? undefined : Number(counted)));
  if (parts.includes('far')) console.log(await far(home, rounds));
  if (parts.includes('fleet')) console.log(await fleet(home, rounds));
  if (parts.includes('hosts')) console.log(await hosts(home, rounds));
} finally {
  await rm(home, { recursive: true, force: true });
}
