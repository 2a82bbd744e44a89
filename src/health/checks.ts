/** Every check. Adding one is its file and a line here. */
export { archiver } from './checks/archiver.ts';
export { autovacuumOff } from './checks/autovacuum-off.ts';
export { bloat } from './checks/bloat.ts';
export { connections } from './checks/connections.ts';
export { foreignKeyUnindexed } from './checks/foreign-key-unindexed.ts';
export { idleInTransaction } from './checks/idle-in-transaction.ts';
export { indexDuplicate } from './checks/index-duplicate.ts';
export { indexInvalid } from './checks/index-invalid.ts';
export { indexUnused } from './checks/index-unused.ts';
export { lockWait } from './checks/lock-wait.ts';
export { longQuery } from './checks/long-query.ts';
export { sequenceExhaustion } from './checks/sequence-exhaustion.ts';
export { staleStatistics } from './checks/stale-statistics.ts';
export { tableSize } from './checks/table-size.ts';
export { vacuumDue } from './checks/vacuum-due.ts';
