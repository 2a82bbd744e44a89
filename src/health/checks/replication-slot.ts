import { quoteLiteral } from '../../db/ident.ts';
import { type replicationSlots, slotsPoll } from '../../db/queries/replication.ts';
import type { RowOf } from '../../db/query.ts';
import { bytes, duration } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import type { Found, Remedy } from '../finding.ts';

type Slot = RowOf<typeof replicationSlots>;

/** Replication slots that nobody reads from while they keep WAL, and those that have lost it. */
export const replicationSlot = defineCheck({
  id: 'replication_slot',
  title: 'Replication slots',
  category: 'replication',
  fix: 'its reader, or dropping it',
  reads: [slotsPoll],
  judge: (facts) => {
    const slots = facts.figures.rows(slotsPoll);
    if (slots.length === 0) return { because: 'there is no replication slot' };
    return { findings: slots.flatMap((slot) => judge(slot, facts.server.settings.max_wal_size)) };
  },
});

function judge(slot: Slot, maxWalSize: string | undefined): Found[] {
  const { slot_name: name, wal_status, active, retained_bytes, synced } = slot;
  const common = { object: name, evidence: evidenceOf(slot) };
  if (wal_status === 'lost')
    return [
      {
        ...common,
        severity: 'critical',
        title: `The slot ${name} has lost WAL that its ${readerOf(slot)} needs${reasonOf(slot)}.`,
        why: `Its ${readerOf(slot)} cannot go on from where it was and has to be made anew.`,
        remedy: dropping(slot, 'Nothing is lost with it that is not lost already.'),
        cap: 60,
      },
    ];
  const kept = { value: retained_bytes ?? 0, unit: 'bytes' } as const;
  if (wal_status === 'unreserved')
    return [
      {
        ...common,
        ...kept,
        severity: 'critical',
        title: `The slot ${name} loses WAL that it needs at the next checkpoint.`,
        why: `It keeps more than max_slot_wal_keep_size allows; once lost, its ${readerOf(slot)} has to be made anew.`,
        remedy: {
          advice: `Get its ${readerOf(slot)} to read on at once, or raise max_slot_wal_keep_size, which takes a reload.`,
        },
      },
    ];
  // more than max_wal_size is kept for nobody else
  const extended = wal_status === 'extended';
  const limit = extended && maxWalSize !== undefined ? { threshold: Number(maxWalSize) * 1024 ** 2 } : {};
  if (!active && !synced && (retained_bytes ?? 0) > 0)
    return [
      {
        ...common,
        ...kept,
        ...limit,
        severity: extended ? 'alert' : 'warning',
        title: `Nobody reads from the slot ${name}, and it keeps ${bytes(retained_bytes)} of WAL.`,
        why: 'pg_wal grows with all that is written, until somebody reads from the slot or the disk is full.',
        remedy: dropping(
          slot,
          `Only where its ${readerOf(slot)} does not come back: it would have to be made anew. Else get that running again.`,
        ),
      },
    ];
  if (extended)
    return [
      {
        ...common,
        ...kept,
        ...limit,
        severity: 'warning',
        title: `The slot ${name} is read from too slowly: it keeps ${bytes(retained_bytes)} of WAL.`,
        why: 'That is more than max_wal_size, and pg_wal grows while its reader falls behind.',
        remedy: { advice: `Look at its ${readerOf(slot)}: it does not confirm what it is sent.` },
      },
    ];
  return [];
}

const readerOf = ({ slot_type }: Slot): string => (slot_type === 'logical' ? 'subscriber' : 'standby');

const reasonOf = ({ invalidation_reason }: Slot): string =>
  invalidation_reason === null ? '' : ` (${invalidation_reason})`;

function evidenceOf({
  slot_type,
  database,
  wal_status,
  active,
  inactive_seconds,
  safe_wal_bytes,
}: Slot): string {
  const where = database === null ? '' : ` of ${database}`;
  const idle = inactive_seconds === null ? 'not in use' : `not in use for ${duration(inactive_seconds)}`;
  const use = active ? 'in use' : idle;
  const left =
    safe_wal_bytes === null ? '' : `; ${bytes(safe_wal_bytes)} more may be written before it is lost`;
  return `Read from pg_replication_slots now: ${slot_type}${where}, ${use}, ${wal_status ?? 'without WAL'}${left}.`;
}

const dropping = ({ slot_name }: Slot, cost: string): Remedy => ({
  sql: `SELECT pg_drop_replication_slot(${quoteLiteral(slot_name).trim()})`,
  cost,
});
