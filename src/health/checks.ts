/** Every check. Adding one is its file and a line here. */
export { archiver } from './checks/archiver.ts';
export { connections } from './checks/connections.ts';
export { idleInTransaction } from './checks/idle-in-transaction.ts';
export { indexDuplicate } from './checks/index-duplicate.ts';
export { lockWait } from './checks/lock-wait.ts';
export { logErrors } from './checks/log-errors.ts';
export { longQuery } from './checks/long-query.ts';
