import { databaseAgesPoll, oldestTablesPoll } from '../../db/queries/wraparound.ts';
import { defineCheck } from '../check.ts';
import { wraparound } from '../wraparound.ts';

/** How far each database is from running out of transaction ids. */
export const xidAge = defineCheck({
  id: 'xid_age',
  title: 'Age of transaction ids',
  category: 'wraparound',
  fix: '`vacuum`',
  reads: [databaseAgesPoll, oldestTablesPoll],
  judge: (facts) =>
    wraparound(
      {
        noun: 'transaction',
        setting: 'autovacuum_freeze_max_age',
        age: ({ xid_age }) => xid_age,
        limit: ({ freeze_limit }) => freeze_limit,
      },
      facts,
    ),
});
