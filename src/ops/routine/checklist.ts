import type { Checklist } from '../../config/routine.ts';
import type { Server } from '../../db/server.ts';
import type { OpContext } from '../engine/operation.ts';
import type { ResultTable } from '../engine/plan.ts';

type Point = readonly [what: string, how: string];

const LISTS: Readonly<Record<Checklist, { title: string; points: (server: Server) => readonly Point[] }>> = {
  major_upgrade: { title: 'Before an upgrade to a new major version', points: majorUpgrade },
};

/** A list for a person, with what is known of the server in it. Throws DbError. */
export async function checklistOf(list: Checklist, context: OpContext): Promise<ResultTable> {
  const { title, points } = LISTS[list];
  const { server } = await context.session();
  return {
    title: `${title}: PostgreSQL ${server.version}`,
    columns: ['', 'What', 'How'],
    rows: points(server).map(([what, how], at) => [String(at + 1), what, how]),
  };
}

/** What pg_upgrade and a dump have in common, then what tells them apart. */
function majorUpgrade({ major, extensions, settings, vendor }: Server): readonly Point[] {
  const names = extensions.map(({ name, version }) => `${name} ${version}`).join(', ');
  const checksums = settings.data_checksums === 'on' ? 'on' : 'off';
  return [
    ['Decide on the version', 'the newest but for an extension that has none yet; its newest minor release'],
    ['Read what changes', `the sections "Migration to Version" of each release after ${major}`],
    ['Extensions', names === '' ? 'none here' : `${names}: each has to be there in the new version`],
    ['Backup, proven', 'pgdeck backup --all-databases, then pgdeck backups verify newest --level restore'],
    [
      'Rehearse',
      'restore that backup into a server of the new version, and run the tests of the application',
    ],
    ['Settings', 'pgdeck settings lists what differs from the defaults: take it over, without what is gone'],
    ...(vendor === 'self'
      ? ([
          ['Prepared transactions', 'none may be left: pgdeck show locks, pgdeck prepared'],
          [
            'Replication slots',
            major >= 17
              ? 'logical ones are taken along by pg_upgrade; subscribers have to have caught up'
              : `pg_upgrade does not take logical ones along from ${major}: make them again, and the subscriptions`,
          ],
          [
            'Checksums',
            `${checksums} here; both clusters have to agree, and initdb of 18 and later switches them on`,
          ],
          ['Try', 'pg_upgrade --check with both versions installed: it changes nothing'],
          ['Upgrade', 'stop the application, pg_upgrade (--link is fast and has no way back), start'],
          ['Standbys', 'make them anew, or rsync them as the manual of pg_upgrade says'],
        ] as const)
      : ([['Upgrade', 'where the provider offers it; try it on a copy of the server first']] as const)),
    ['Statistics', 'pgdeck analyze: before 18 no upgrade keeps them, and plans are bad without'],
    ['Extensions again', 'ALTER EXTENSION … UPDATE for each'],
    ['Indexes', 'where the operating system is new too, collations may be: pgdeck check, pgdeck reindex'],
    ['Afterwards', 'pgdeck health, a new backup, and only then remove the old data directory'],
  ];
}
