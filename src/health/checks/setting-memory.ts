import { databaseEstimatePoll } from '../../db/queries/database.ts';
import { settingsPoll } from '../../db/queries/settings.ts';
import type { Server } from '../../db/server.ts';
import { bytes } from '../../text/units.ts';
import { memoryAtMost } from '../advice/memory.ts';
import { maintenanceFor, sharedBuffersFor, sizeText } from '../advice/rules.ts';
import { defineCheck } from '../check.ts';
import type { Found } from '../finding.ts';
import { ServerSettings, setTo } from '../settings.ts';

const MB = 1024 ** 2;
const GB = 1024 ** 3;

/** The default, with which PostgreSQL starts anywhere. */
const SMALL_BUFFERS = 128 * MB;
const SMALL_MAINTENANCE = 64 * MB;
/** Of a database for which those are small. */
const LARGE = { buffers: 8 * GB, maintenance: 64 * GB };
/** Beyond this share of the memory little is left for sessions and the cache of the system. */
const MOST = 0.6;

interface Known {
  readonly settings: ServerSettings;
  readonly server: Server;
  readonly database: number;
  readonly memory: number | undefined;
}

/** Whether the memory that the server may take fits the machine and the data. */
export const settingMemory = defineCheck({
  id: 'setting_memory',
  title: 'Memory settings',
  category: 'security',
  fix: 'a setting',
  reads: [settingsPoll, databaseEstimatePoll],
  judge: ({ figures, server, outside: { memory } }) => {
    const known: Known = {
      settings: new ServerSettings(figures.rows(settingsPoll)),
      server,
      database: figures.rows(databaseEstimatePoll)[0]?.est_bytes ?? 0,
      memory: 'known' in memory ? memory.known : undefined,
    };
    const findings = [buffers, sessions, maintenance].flatMap((look) => look(known));
    return { findings, ...('unknown' in memory && { unknown: { reason: memory.unknown } }) };
  },
});

const ESTIMATE = 'the size of the database is that of the last VACUUM or ANALYZE of each table';
const OF_MACHINE =
  'the memory is that of its machine, or less where a container or service has a lower limit';

function buffers({ settings, server, database, memory }: Known): Found[] {
  const size = settings.bytes('shared_buffers');
  if (size === undefined) return [];
  if (memory !== undefined && size > MOST * memory)
    return [
      {
        object: 'shared_buffers',
        severity: 'warning',
        title: `shared_buffers is ${bytes(size)}, of ${bytes(memory)} of memory.`,
        value: size,
        unit: 'bytes',
        threshold: MOST * memory,
        evidence: `Read from pg_settings now; ${OF_MACHINE}.`,
        why: 'What sessions need besides may not be there, and the kernel ends the server where memory runs out.',
        remedy: setTo(server, settings.rowOf('shared_buffers'), sizeText(sharedBuffersFor(memory)), true),
      },
    ];
  if (size > SMALL_BUFFERS || database < LARGE.buffers) return [];
  return [
    {
      object: 'shared_buffers',
      severity: 'warning',
      title: `shared_buffers is ${bytes(size)}, for a database of ${bytes(database)}.`,
      value: size,
      unit: 'bytes',
      threshold: SMALL_BUFFERS,
      evidence: `Read from pg_settings now; ${ESTIMATE}.`,
      why: 'It is no more than the default, which is made to start anywhere: most reads leave the server.',
      remedy:
        memory === undefined
          ? { advice: 'Set shared_buffers to about a quarter of the memory; it takes a restart.' }
          : setTo(server, settings.rowOf('shared_buffers'), sizeText(sharedBuffersFor(memory)), true),
    },
  ];
}

/** Sorts and hashes take work_mem each; one for each connection is what can be reckoned with. */
function sessions({ settings, server, memory }: Known): Found[] {
  const each = settings.bytes('work_mem');
  const connections = settings.number('max_connections');
  if (memory === undefined || each === undefined || connections === undefined) return [];
  const shared = settings.bytes('shared_buffers') ?? 0;
  // what all of them take without a hash: that is what no server survives
  const all = memoryAtMost({ sharedBuffers: shared, workMem: each, connections, hashMultiplier: 1 }) ?? 0;
  if (all <= memory) return [];
  return [
    {
      object: 'work_mem',
      severity: 'warning',
      title: `${connections} connections with ${bytes(each)} of work_mem and shared_buffers come to ${bytes(all)}, of ${bytes(memory)} of memory.`,
      value: all,
      unit: 'bytes',
      threshold: memory,
      evidence: `work_mem of ${server.user}, max_connections and shared_buffers read from pg_settings now; ${OF_MACHINE}. A query may take work_mem several times${hashes(settings)}.`,
      why: 'When enough of them sort at once the memory runs out, and the kernel ends the server or its sessions.',
      remedy: {
        advice:
          'Make work_mem smaller and give more to the roles that need it (ALTER ROLE … SET work_mem), or take fewer connections and a pooler.',
      },
    },
  ];
}

function hashes(settings: ServerSettings): string {
  const times = settings.number('hash_mem_multiplier');
  return times === undefined || times === 1 ? '' : `, and ${times} times as much for a hash`;
}

function maintenance({ settings, server, database, memory }: Known): Found[] {
  const size = settings.bytes('maintenance_work_mem');
  const workers = settings.number('autovacuum_max_workers');
  if (size === undefined || workers === undefined) return [];
  const each = settings.bytes('autovacuum_work_mem') ?? size;
  if (memory !== undefined && each * workers > memory / 2)
    return [
      {
        object: 'maintenance_work_mem',
        severity: 'warning',
        title: `${workers} autovacuum workers may take ${bytes(each)} each, of ${bytes(memory)} of memory.`,
        value: each * workers,
        unit: 'bytes',
        threshold: memory / 2,
        evidence: `autovacuum_work_mem or maintenance_work_mem, and autovacuum_max_workers, read from pg_settings now; ${OF_MACHINE}.`,
        why: 'When all of them have much to remove the memory runs out.',
        remedy: setTo(server, settings.rowOf('autovacuum_work_mem'), sizeText(maintenanceFor(memory)), false),
      },
    ];
  if (size > SMALL_MAINTENANCE || database < LARGE.maintenance) return [];
  return [
    {
      object: 'maintenance_work_mem',
      severity: 'info',
      title: `maintenance_work_mem is ${bytes(size)}, for a database of ${bytes(database)}.`,
      value: size,
      unit: 'bytes',
      threshold: SMALL_MAINTENANCE,
      evidence: `Read from pg_settings now; ${ESTIMATE}.`,
      why: 'Indexes are built with many passes over files, and VACUUM reads all indexes of a large table several times.',
      remedy: setTo(server, settings.rowOf('maintenance_work_mem'), '1GB', false),
    },
  ];
}
