import type { Copy, Found } from '../../ops/remote/copy/copy.ts';
import { bytes, moment, plural } from '../../text/units.ts';
import type { OutputColumn } from '../output.ts';

/** A copy as the list has it in JSON. */
export function copyLine(copy: Copy, store: string) {
  const { id, database, created_at, scope, bytes: size, safety, pinned, good, pushed_at, recipients } = copy;
  return {
    ...{ id, database, created_at, scope, bytes: size, safety, pinned },
    verified: good,
    pushed_at,
    encrypted: recipients !== null,
    path: `${store}/${id}`,
  };
}

/** The list for people. */
export const COPY_COLUMNS: readonly OutputColumn[] = [
  { key: 'id', title: 'ID', whole: true },
  { key: 'database', title: 'DATABASE', spare: true },
  { key: 'created_at', title: 'CREATED', show: (at) => moment(String(at)) },
  { key: 'pushed_at', title: 'COPIED', spare: true, show: (at) => moment(String(at)) },
  { key: 'scope', title: 'SCOPE', spare: true },
  { key: 'bytes', title: 'SIZE', align: 'right', show: (size) => bytes(size as number) },
  { key: 'encrypted', title: 'ENCRYPTED' },
  { key: 'good', title: 'VERIFIED', spare: true },
  { key: 'pinned', title: 'PINNED' },
];

/** A copy as a row of that list. */
export function copyRow(copy: Copy) {
  return {
    ...copy,
    encrypted: copy.recipients === null ? 'no' : 'yes',
    good: copy.good ? 'yes' : 'no',
    pinned: copy.pinned ? 'pinned' : '-',
  };
}

/** What is there and is no copy; undefined where there is nothing of that kind. */
export function unfinishedNote(found: readonly Found[], store: string): string | undefined {
  const rest = found.filter(({ copy, foreign }) => copy === undefined && !foreign);
  const unreadable = rest.filter((one) => one.unreadable).length;
  const unfinished = rest.length - unreadable;
  const parts = [
    ...(unfinished > 0
      ? [
          `${plural(unfinished, 'copy', 'copies')} in ${store} ${unfinished === 1 ? 'was' : 'were'} never finished: push again, or after a day: pgdeck backups prune --remote`,
        ]
      : []),
    ...(unreadable > 0
      ? [
          `What describes ${plural(unreadable, 'copy', 'copies')} in ${store} cannot be read: a newer pgdeck may have made it.`,
        ]
      : []),
  ];
  return parts.length === 0 ? undefined : parts.join('\n');
}
