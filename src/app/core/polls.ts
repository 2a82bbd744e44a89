import type { AnyPoll } from '../../db/poll.ts';
import { summaryPoll } from '../../db/queries/activity.ts';
import { databasePoll } from '../../db/queries/database.ts';
import { walPositionPoll } from '../../db/queries/wal.ts';

/** What the header tells, on every screen. */
export const HEADER_POLLS: readonly AnyPoll[] = [summaryPoll, databasePoll, walPositionPoll];
