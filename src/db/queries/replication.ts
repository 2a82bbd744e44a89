import { z } from 'zod';
import { poll } from '../poll.ts';
import { column, defineQuery } from '../query.ts';
import { CURRENT_LSN, hiddenSessions, microseconds, SERVER_MS, since } from './fragments.ts';

/**
 * Who receives WAL from this server. The times are the server's own and stale both ways; the positions together with
 * `server_ms` allow a better measure over several samples.
 */
export const replicationSenders = defineQuery({
  id: 'replication.senders',
  needs: 'pg_read_all_stats',
  variants: [
    {
      sql: `SELECT /* pgdeck */ r.pid, ${microseconds('r.backend_start')} AS backend_start_us, r.usename::text, r.application_name,
  coalesce(host(r.client_addr), CASE WHEN r.client_port = -1 THEN 'local' END) AS client_addr, r.state, r.sync_state,
  (c.lsn - r.sent_lsn)::float8 AS send_lag_bytes, (r.sent_lsn - p.written)::float8 AS write_lag_bytes,
  (p.written - p.flushed)::float8 AS flush_lag_bytes, (p.flushed - r.replay_lsn)::float8 AS replay_lag_bytes,
  (c.lsn - r.replay_lsn)::float8 AS total_lag_bytes,
  date_part('epoch', r.write_lag) AS write_lag_seconds, date_part('epoch', r.flush_lag) AS flush_lag_seconds,
  date_part('epoch', r.replay_lag) AS replay_lag_seconds, ${since('r.reply_time')} AS last_reply_seconds,
  (c.lsn - '0/0'::pg_lsn)::float8 AS current_lsn_bytes, (r.replay_lsn - '0/0'::pg_lsn)::float8 AS replay_lsn_bytes,
  age(r.backend_xmin) AS xmin_age, s.slot_name::text, ${SERVER_MS}
FROM pg_stat_replication r CROSS JOIN ${CURRENT_LSN} c(lsn)
  -- until its first WAL a standby reports the start of the segment as written; what is replayed was written and flushed
  CROSS JOIN LATERAL (SELECT greatest(r.write_lsn, r.flush_lsn, r.replay_lsn), greatest(r.flush_lsn, r.replay_lsn)) p(written, flushed)
  LEFT JOIN pg_replication_slots s ON s.active_pid = r.pid
-- most servers send to nobody: then the view, which reads every session, is not run
WHERE EXISTS (SELECT FROM pg_stat_get_wal_senders())
ORDER BY r.application_name, r.pid`,
    },
  ],
  partial: hiddenSessions,
  row: z.object({
    pid: z.int(),
    backend_start_us: column.float,
    usename: column.text,
    application_name: column.text,
    client_addr: column.text,
    state: column.text,
    sync_state: column.text,
    /** Written here, not yet sent. */
    send_lag_bytes: column.float,
    /** Sent, not yet written there. */
    write_lag_bytes: column.float,
    flush_lag_bytes: column.float,
    /** Safe there, not yet visible there. */
    replay_lag_bytes: column.float,
    total_lag_bytes: column.float,
    write_lag_seconds: column.float,
    flush_lag_seconds: column.float,
    replay_lag_seconds: column.float,
    last_reply_seconds: column.float,
    current_lsn_bytes: column.float,
    replay_lsn_bytes: column.float,
    xmin_age: column.int,
    slot_name: column.text,
    server_ms: z.number(),
  }),
});

function slots(columns: string): string {
  return `SELECT /* pgdeck */ s.slot_name::text, s.plugin::text, s.slot_type, s.database::text, s.active, s.active_pid, s.temporary,
  s.wal_status, s.safe_wal_size::float8 AS safe_wal_bytes, (c.lsn - s.restart_lsn)::float8 AS retained_bytes,
  (c.lsn - s.confirmed_flush_lsn)::float8 AS unconfirmed_bytes, age(s.xmin) AS xmin_age, age(s.catalog_xmin) AS catalog_xmin_age,
  ${columns}
FROM pg_replication_slots s CROSS JOIN ${CURRENT_LSN} c(lsn) ORDER BY s.slot_name`;
}

const NO_17 =
  'NULL::text AS invalidation_reason, NULL::float8 AS inactive_seconds, NULL::bool AS failover, NULL::bool AS synced';

/** Replication slots with the WAL that they keep from being removed. */
export const replicationSlots = defineQuery({
  id: 'replication.slots',
  variants: [
    { max: 13, sql: slots(`NULL::bool AS two_phase, NULL::bool AS conflicting, ${NO_17}`) },
    { min: 14, max: 15, sql: slots(`s.two_phase, NULL::bool AS conflicting, ${NO_17}`) },
    { min: 16, max: 16, sql: slots(`s.two_phase, s.conflicting, ${NO_17}`) },
    {
      min: 17,
      sql: slots(
        `s.two_phase, s.conflicting, s.invalidation_reason, ${since('s.inactive_since')} AS inactive_seconds, s.failover, s.synced`,
      ),
    },
  ],
  row: z.object({
    slot_name: z.string(),
    plugin: column.text,
    slot_type: z.string(),
    database: column.text,
    active: z.boolean(),
    active_pid: column.int,
    temporary: z.boolean(),
    /** reserved, extended, unreserved or lost. */
    wal_status: column.text,
    /** WAL that can still be written before the slot may be lost; null without max_slot_wal_keep_size. */
    safe_wal_bytes: column.float,
    retained_bytes: column.float,
    /** Logical slots: not yet confirmed by the receiver. */
    unconfirmed_bytes: column.float,
    xmin_age: column.int,
    catalog_xmin_age: column.int,
    two_phase: column.bool,
    conflicting: column.bool,
    invalidation_reason: column.text,
    inactive_seconds: column.float,
    failover: column.bool,
    synced: column.bool,
  }),
});

/** This server as a standby; on a primary one row with `standby` false. */
export const replicationStandby = defineQuery({
  id: 'replication.standby',
  variants: [
    {
      sql: `SELECT /* pgdeck */ r.standby, CASE WHEN r.standby THEN pg_is_wal_replay_paused() END AS paused,
  CASE WHEN NOT r.standby THEN NULL WHEN l.received <= l.replayed THEN 0 ELSE ${since('l.commit')} END AS replay_lag_seconds,
  CASE WHEN l.received <= l.replayed THEN 0 ELSE l.received - l.replayed END::float8 AS replay_lag_bytes,
  (l.received - '0/0'::pg_lsn)::float8 AS receive_lsn_bytes, (l.replayed - '0/0'::pg_lsn)::float8 AS replay_lsn_bytes,
  CASE WHEN r.standby THEN ${since('l.commit')} END AS last_replay_seconds,
  CASE WHEN r.standby THEN '' ELSE current_setting('synchronous_standby_names') END AS synchronous_standby_names, ${SERVER_MS}
FROM (SELECT pg_is_in_recovery()) r(standby)
CROSS JOIN (SELECT pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn(), pg_last_xact_replay_timestamp()) l(received, replayed, commit)`,
    },
  ],
  row: z.object({
    standby: z.boolean(),
    paused: column.bool,
    /** 0 when all that was received is replayed, else the age of the last commit replayed: an upper bound. */
    replay_lag_seconds: column.float,
    /** Null without streaming: what the archive holds is not known. */
    replay_lag_bytes: column.float,
    receive_lsn_bytes: column.float,
    replay_lsn_bytes: column.float,
    /** Since the last replayed commit was made on the primary. */
    last_replay_seconds: column.float,
    /** Whom commits wait for; empty on a standby, where nobody waits. */
    synchronous_standby_names: z.string(),
    server_ms: z.number(),
  }),
});

/** The connection through which a standby receives; no row when there is none. */
export const replicationReceiver = defineQuery({
  id: 'replication.receiver',
  needs: 'pg_read_all_stats',
  variants: [
    {
      sql: `SELECT /* pgdeck */ pid, status, sender_host, sender_port, slot_name, received_tli,
  (flushed_lsn - '0/0'::pg_lsn)::float8 AS flushed_lsn_bytes, (latest_end_lsn - '0/0'::pg_lsn)::float8 AS latest_end_lsn_bytes,
  ${since('last_msg_receipt_time')} AS last_msg_seconds,
  date_part('epoch', last_msg_receipt_time - last_msg_send_time) AS transport_seconds
FROM pg_stat_wal_receiver`,
    },
  ],
  partial: hiddenSessions,
  row: z.object({
    pid: z.int(),
    status: column.text,
    sender_host: column.text,
    sender_port: column.int,
    slot_name: column.text,
    received_tli: column.int,
    flushed_lsn_bytes: column.float,
    latest_end_lsn_bytes: column.float,
    last_msg_seconds: column.float,
    /** Receipt minus sending, by two clocks: shows their difference too. */
    transport_seconds: column.float,
  }),
});

export const sendersPoll = poll('fast', 'tick', replicationSenders);
export const slotsPoll = poll('fast', 'medium', replicationSlots);
export const standbyPoll = poll('fast', 'medium', replicationStandby);
export const receiverPoll = poll('fast', 'medium', replicationReceiver);
