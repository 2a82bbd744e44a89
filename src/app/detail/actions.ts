import { action } from '../core/action.ts';
import type { Action } from '../core/deck.ts';
import { noRow } from '../views/select.ts';
import { openDetail } from './detail.ts';

export const DETAIL_ACTION: Action = action(
  'row.detail',
  'table',
  'enter',
  'Details of the row',
  openDetail,
  {
    hint: 1,
    short: 'details',
    disabled: noRow,
  },
);
