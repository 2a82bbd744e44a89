import { hiddenSessions } from '../../db/queries/fragments.ts';
import {
  receiverPoll,
  type replicationReceiver,
  type replicationSenders,
  type replicationStandby,
  sendersPoll,
  standbyPoll,
} from '../../db/queries/replication.ts';
import type { RowOf } from '../../db/query.ts';
import { bytes, duration } from '../../text/units.ts';
import { defineCheck, type Facts } from '../check.ts';
import type { Found, Judgement, Unknown } from '../finding.ts';
import { type Graded, graded } from '../grade.ts';
import { MINUTE } from '../window.ts';

type Sender = RowOf<typeof replicationSenders>;
type Standby = RowOf<typeof replicationStandby>;
type Receiver = RowOf<typeof replicationReceiver>;
type Lag = ReturnType<Facts['figures']['lag']['of']>;

const WHY =
  'What is read there is that old, and so much is lost, or has to be replayed first, when it takes over.';

/** How far standbys are behind this server, and this one behind its primary where it is a standby itself. */
export const replicationLag = defineCheck({
  id: 'replication_lag',
  title: 'Replication lag',
  category: 'replication',
  fix: 'the standby',
  reads: [sendersPoll, standbyPoll, receiverPoll],
  // that nobody receives is seen by every role
  open: true,
  judge: (facts) => {
    const senders = facts.figures.rows(sendersPoll);
    const [own] = facts.figures.rows(standbyPoll);
    const judged = [...(own?.standby ? [ofOwn(own, facts)] : []), ...ofSenders(senders, facts)];
    if (judged.length === 0) return { because: 'no standby is connected' };
    const findings = judged.flatMap(({ findings = [] }) => findings);
    const unknown = judged.find((one) => one.unknown !== undefined)?.unknown;
    const measures = judged.flatMap(({ measure }) => measure ?? []);
    const worst = measures.reduce<(typeof measures)[number] | undefined>(
      (a, b) => (a === undefined || b.value > a.value ? b : a),
      undefined,
    );
    return { findings, ...(unknown && { unknown }), ...(worst && { measure: worst }) };
  },
});

/** Each standby, by its slot or the name that it gives: where several give the same, the one that is furthest behind. */
function ofSenders(senders: readonly Sender[], facts: Facts): Judgement[] {
  const hidden = hiddenSessions(facts.server);
  if (hidden) return senders.length > 0 ? [{ unknown: hidden }] : [];
  // what takes a backup or only stores WAL replays nothing
  const standbys = senders.filter(({ replay_lsn_bytes }) => replay_lsn_bytes !== null);
  const byName = Map.groupBy(standbys, (one) => one.slot_name ?? one.application_name ?? 'standby');
  return [...byName].map(([name, rows]) => {
    const furthest = rows.reduce((a, b) => ((b.total_lag_bytes ?? 0) > (a.total_lag_bytes ?? 0) ? b : a));
    const lag = facts.figures.lag.of(furthest);
    return standing(lag, name, facts, (graded, time) => ({
      object: name,
      ...graded,
      title: `${name} is ${time} (${bytes(furthest.total_lag_bytes)}) behind.`,
      evidence: `By samples of this server's WAL position; ${componentsOf(furthest)}; ${furthest.state}, ${furthest.sync_state}.`,
      why: WHY,
      remedy: { advice: adviceOn(furthest) },
    }));
  });
}

const componentsOf = (one: Sender): string =>
  `${bytes(one.send_lag_bytes)} to send, ${bytes(one.write_lag_bytes)} to write, ${bytes(one.flush_lag_bytes)} to flush, ${bytes(one.replay_lag_bytes)} to replay`;

/** Where most of it is held up says what to look at. */
function adviceOn({ send_lag_bytes, write_lag_bytes, flush_lag_bytes, replay_lag_bytes }: Sender): string {
  const send = send_lag_bytes ?? 0;
  const store = (write_lag_bytes ?? 0) + (flush_lag_bytes ?? 0);
  const replay = replay_lag_bytes ?? 0;
  if (replay >= send && replay >= store)
    return 'It has the WAL and does not get through it: look there for replay that is paused, for queries that it waits for (max_standby_streaming_delay), and at its processor and disk.';
  return send >= store
    ? 'The WAL does not get there: look at the network between, and at how much is written here.'
    : 'It gets the WAL and does not get it onto its disk: look at the disk there.';
}

/** This server behind what it has received. What its primary has not sent yet nobody knows here. */
function ofOwn(own: Standby, facts: Facts): Judgement {
  const [receiver] = facts.figures.rows(receiverPoll);
  if (receiver === undefined) return alone(own);
  const { replay_lag_bytes, replay_lsn_bytes, server_ms, paused } = own;
  const lag = facts.figures.lag.of({ total_lag_bytes: replay_lag_bytes, replay_lsn_bytes, server_ms });
  return standing(lag, 'This standby', facts, (graded, time) => ({
    ...graded,
    title: `This standby is ${time} (${bytes(replay_lag_bytes)}) behind what it has received${paused ? ': replay is paused' : ''}.`,
    evidence: `By samples of its own positions${heardOf(receiver)}; what its primary has not sent is not known here.`,
    why: WHY,
    remedy: paused
      ? {
          sql: 'SELECT pg_wal_replay_resume()',
          cost: 'Queries that conflict with what is replayed are cancelled.',
        }
      : {
          advice:
            'Look for queries that replay waits for (max_standby_streaming_delay), and at the processor and the disk.',
        },
  }));
}

const heardOf = ({ last_msg_seconds }: Receiver): string =>
  last_msg_seconds === null ? '' : `, its primary last heard of ${duration(last_msg_seconds)} ago`;

/** A standby that receives from nobody shows no lag, however far its primary has gone. */
function alone({ receive_lsn_bytes, last_replay_seconds }: Standby): Judgement {
  const last =
    last_replay_seconds === null
      ? 'it has replayed no commit since it was started'
      : `the last commit replayed is ${duration(last_replay_seconds)} old`;
  const unknown: Unknown = {
    reason: `This standby is connected to no primary, so how far it is behind is not known; ${last}.`,
    remedy: 'Measure it on the primary.',
  };
  // one that was never connected may live on the archive alone
  if (receive_lsn_bytes === null) return { unknown };
  const found: Found = {
    severity: 'alert',
    title: 'This standby has lost the connection to its primary.',
    evidence: `No WAL receiver runs, and one has; ${last}.`,
    why: 'It gets older with everything that is written on the primary, which may remove WAL that it still needs.',
    remedy: {
      advice:
        'Read in the log why the WAL receiver fails: the primary is down, the network or a password has changed, or a slot or WAL is gone, after which the standby has to be made anew.',
    },
  };
  return { unknown, findings: [found] };
}

/** Where a lag stands. One that is longer than what was sampled is at least that, and known once that is critical. */
function standing(
  lag: Lag,
  name: string,
  facts: Facts,
  describe: (graded: NonNullable<Graded['found']>, time: string) => Found,
): Judgement {
  const unknown: Unknown = {
    reason: `${name} is behind all that was sampled so far: for how long is not known yet.`,
    remedy: 'pgdeck health --sample 60',
    wait: MINUTE,
  };
  if (lag === null) return { unknown };
  const { measure, found } = graded('replication_lag_seconds', lag.seconds, facts.thresholds);
  const findings = found
    ? [describe(found, `${lag.atLeast ? 'at least ' : ''}${duration(lag.seconds)}`)]
    : [];
  return lag.atLeast && found?.severity !== 'critical' ? { findings, unknown } : { findings, measure };
}
