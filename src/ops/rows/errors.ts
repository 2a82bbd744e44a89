import { duration, plural } from '../../text/units.ts';
import { defineErrors, failed } from '../error.ts';

const AGAIN = 'Run it again: it goes on where it stopped.';

export const takeErrors = defineErrors('take', {
  suppressed: ({ table, rows }: { table: string; rows: number }) =>
    failed(
      `${plural(rows, 'row')} of ${table} stayed as ${rows === 1 ? 'it was' : 'they were'}: a trigger has suppressed the change. That batch was rolled back.`,
      'Disable the trigger for the time of the run, or change what it does.',
    ),
  inserted: ({ table, rows }: { table: string; rows: number }) =>
    failed(
      `A trigger has put ${plural(rows, 'row')} into ${table} while others were taken out. That batch was rolled back.`,
      'Disable the trigger for the time of the run, or change what it does.',
    ),
  newKey: ({ key, table, to }: { key: string; table: string; to: string }) =>
    failed(
      `${key} of ${table} refers to ${to} now, and did not when this was planned: what it would do with its rows nobody has seen. That batch was rolled back.`,
      'Run it again: it is planned anew, and goes on where it stopped.',
    ),
  uneven: ({ table, seen, taken }: { table: string; seen: number; taken: number }) =>
    failed(
      `${plural(seen, 'row')} of ${table} ${seen === 1 ? 'was' : 'were'} to go, and ${taken} went. That batch was rolled back.`,
    ),
  locked: ({ table, rows, seconds }: { table: string; rows: number; seconds: number }) =>
    failed(
      `${plural(rows, 'row')} of ${table} ${rows === 1 ? 'is' : 'are'} locked by other transactions, and could not be had within ${duration(seconds)}.`,
      `See who holds them with: pgdeck show locks. Or try longer with --wait. ${AGAIN}`,
    ),
  appearing: ({ table, passes }: { table: string; passes: number }) =>
    failed(
      `New ones appear in ${table} as fast as they are removed (${passes} passes).`,
      `Stop what writes them. ${AGAIN}`,
    ),
  unknownFate: ({ part, xid }: { part: string; xid: string }) =>
    failed(
      `Whether transaction ${xid} was committed the server no longer knows, so that nobody can tell whether the rows of ${part} are gone.`,
      'Compare that file with the table by hand.',
    ),
  stillWorking: ({ xid }: { xid: string }) =>
    failed(`Transaction ${xid} of the run is still at work on the server.`, 'Try again when it has ended.'),
  changedByTrigger: ({ table, rows }: { table: string; rows: number }) =>
    failed(
      `${plural(rows, 'row')} of ${table} did not come back as ${rows === 1 ? 'it was' : 'they were'}: a trigger changed ${rows === 1 ? 'it' : 'them'}. That part was rolled back.`,
      'Disable the trigger for the time of the run, then undo it again: it goes on where it stopped.',
    ),
  otherRows: ({ file, table }: { file: string; table: string }) =>
    failed(
      `What ${file} gives is not what was taken out of ${table}: the checksum of its rows differs. That part was rolled back.`,
      'Put the file back as it was, from a copy if there is one.',
    ),
});
