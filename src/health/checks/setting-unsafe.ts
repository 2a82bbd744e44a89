import { quoteIdent } from '../../db/ident.ts';
import { type OverrideRow, overridesPoll, settingsPoll } from '../../db/queries/settings.ts';
import type { Server } from '../../db/server.ts';
import { plural } from '../../text/units.ts';
import { RULES, type Rule } from '../advice/unsafe.ts';
import { defineCheck } from '../check.ts';
import type { Found, Remedy } from '../finding.ts';
import { ServerSettings, setTo, sourceOf } from '../settings.ts';

/** The session's own, of its role or database: told as what is set for those. */
const NOT_THE_SERVERS = ['user', 'database', 'database user', 'client', 'session'];

/** Settings with which data is lost, or believed to be safe where it is not. */
export const settingUnsafe = defineCheck({
  id: 'setting_unsafe',
  title: 'Unsafe settings',
  category: 'security',
  fix: 'a setting, `server restart`',
  reads: [settingsPoll, overridesPoll],
  judge: ({ figures, server }) => {
    const rows = figures.rows(settingsPoll);
    const settings = new ServerSettings(rows);
    const waiting = rows.filter(({ pending_restart }) => pending_restart).map(({ name }) => name);
    return {
      findings: [
        ...RULES.flatMap((rule) => ofServer(rule, settings, server)),
        ...figures.rows(overridesPoll).flatMap(ofSome),
        ...archiving(settings, server),
        ...(waiting.length > 0 ? [pending(waiting, server)] : []),
      ],
    };
  },
});

function ofServer(rule: Rule, settings: ServerSettings, server: Server): Found[] {
  const { name, severity, why, restart = false } = rule;
  const row = settings.row(name);
  if (row?.value == null || NOT_THE_SERVERS.includes(row.source) || !rule.unsafe(row.value)) return [];
  return [
    {
      object: name,
      severity,
      title: `${name} is ${row.value}.`,
      evidence: `Read from pg_settings now. ${sourceOf(row)}`,
      why,
      remedy: withAfter(setTo(server, row, rule.better, restart), rule),
    },
  ];
}

function withAfter(remedy: Remedy, { after }: Rule): Remedy {
  if (after === undefined) return remedy;
  return 'cost' in remedy
    ? { ...remedy, cost: `${remedy.cost} ${after}` }
    : { advice: `${remedy.advice} ${after}` };
}

/** What is set for a role or a database holds from the next connection on. */
function ofSome({ role, database, name, value }: OverrideRow): Found[] {
  const rule = RULES.find((one) => one.name === name);
  if (rule === undefined || !rule.unsafe(plain(value))) return [];
  const whose =
    role === null
      ? `the database ${database ?? '-'}`
      : database === null
        ? `the role ${role}`
        : `the role ${role} in ${database}`;
  return [
    {
      object: `${name}:${role ?? '*'}@${database ?? '*'}`,
      severity: rule.severity,
      title: `${name} is ${plain(value)} for ${whose}.`,
      evidence: 'Read from pg_db_role_setting now.',
      why: rule.why,
      remedy: reset(role, database, name),
    },
  ];
}

function reset(role: string | null, database: string | null, name: string): Remedy {
  const target =
    role === null
      ? `DATABASE ${quoteIdent(database ?? '')}`
      : `ROLE ${quoteIdent(role)}${database === null ? '' : ` IN DATABASE ${quoteIdent(database)}`}`;
  return { sql: `ALTER ${target} RESET ${name}`, cost: 'Holds for sessions that connect afterwards.' };
}

/** As SHOW would print a switch that somebody wrote in another way. */
function plain(value: string): string {
  if (/^(true|yes|1)$/i.test(value)) return 'on';
  return /^(false|no|0)$/i.test(value) ? 'off' : value.toLowerCase();
}

/** Commands that say that they have archived, and have not. */
const NOTHING = /^\s*(\/usr)?(\/bin\/)?(true|:|exit 0|cd \.)\s*(#.*)?$/;

/** An archiver that is on and has nothing to archive with: it fails nowhere, so nothing else tells. */
function archiving(settings: ServerSettings, server: Server): Found[] {
  const mode = settings.text('archive_mode');
  if (mode === undefined || mode === 'off' || (server.standby && mode !== 'always')) return [];
  const command = settings.text('archive_command') ?? '';
  if ((settings.text('archive_library') ?? '') !== '') return [];
  const evidence = `Read from pg_settings now: archive_mode is ${mode}.`;
  if (command.trim() === '')
    return [
      {
        object: 'archive_command',
        severity: 'alert',
        title: 'WAL is to be archived, and archive_command is empty.',
        evidence,
        why: 'Every segment of WAL is kept until it is archived: pg_wal grows until the disk is full.',
        remedy: {
          advice:
            'Set archive_command to what archives (a reload is enough), or archive_mode to off (a restart).',
        },
      },
    ];
  if (!NOTHING.test(command)) return [];
  return [
    {
      object: 'archive_command',
      severity: 'warning',
      title: `archive_command archives nothing: it is ${command.trim()}.`,
      evidence,
      why: 'The server takes every segment for archived and removes it: no point-in-time recovery can use it.',
      remedy: { advice: 'Set archive_command to what archives; a reload is enough.' },
    },
  ];
}

function pending(names: readonly string[], { vendor }: Server): Found {
  return {
    object: 'pending_restart',
    severity: 'info',
    title: `${plural(names.length, 'setting')} ${names.length === 1 ? 'waits' : 'wait'} for a restart: ${names.join(', ')}.`,
    evidence: 'Read from pg_settings now: changed in a file since the server began.',
    why: 'The next restart, also one after a crash, brings them into force, whether or not that is the time for it.',
    remedy:
      vendor === 'self'
        ? {
            operation: 'server restart',
            input: {},
            cost: 'Everybody is disconnected for some seconds; or take the change back in the file and reload.',
          }
        : { advice: 'Restart the server when it suits, or take the change back in the file and reload.' },
  };
}
