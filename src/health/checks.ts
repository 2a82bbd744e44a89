/** Every check. Adding one is its file and a line here. */
export { archiver } from './checks/archiver.ts';
export { cacheHit } from './checks/cache-hit.ts';
export { connections } from './checks/connections.ts';
export { idleInTransaction } from './checks/idle-in-transaction.ts';
export { indexDuplicate } from './checks/index-duplicate.ts';
export { lockWait } from './checks/lock-wait.ts';
export { longQuery } from './checks/long-query.ts';
export { multixactAge } from './checks/multixact-age.ts';
export { preparedTransaction } from './checks/prepared-transaction.ts';
export { replicationLag } from './checks/replication-lag.ts';
export { replicationSlot } from './checks/replication-slot.ts';
export { rollbacks } from './checks/rollbacks.ts';
export { standbyConflicts } from './checks/standby-conflicts.ts';
export { xidAge } from './checks/xid-age.ts';
export { xminHorizon } from './checks/xmin-horizon.ts';
