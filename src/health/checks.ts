/** Every check. Adding one is its file and a line here. */
export { archiver } from './checks/archiver.ts';
export { backupAge } from './checks/backup-age.ts';
export { backupUnproven } from './checks/backup-unproven.ts';
export { connections } from './checks/connections.ts';
export { hbaUnsafe } from './checks/hba-unsafe.ts';
export { idleInTransaction } from './checks/idle-in-transaction.ts';
export { indexDuplicate } from './checks/index-duplicate.ts';
export { lockWait } from './checks/lock-wait.ts';
export { longQuery } from './checks/long-query.ts';
export { passwordExpiry } from './checks/password-expiry.ts';
export { passwordMd5 } from './checks/password-md5.ts';
export { scheduleMissed } from './checks/schedule-missed.ts';
export { settingMemory } from './checks/setting-memory.ts';
export { settingUnsafe } from './checks/setting-unsafe.ts';
export { versionBehind } from './checks/version-behind.ts';
