import { databaseAgesPoll, oldestTablesPoll } from '../../db/queries/wraparound.ts';
import { defineCheck } from '../check.ts';
import { wraparound } from '../wraparound.ts';

/** The same for multixacts, which rows have that several transactions lock: their ids run out on their own. */
export const multixactAge = defineCheck({
  id: 'multixact_age',
  title: 'Age of multixact ids',
  category: 'wraparound',
  fix: '`vacuum`',
  reads: [databaseAgesPoll, oldestTablesPoll],
  judge: (facts) =>
    wraparound(
      {
        noun: 'multixact',
        setting: 'autovacuum_multixact_freeze_max_age',
        age: ({ mxid_age }) => mxid_age,
        limit: ({ multixact_limit }) => multixact_limit,
      },
      facts,
    ),
});
