import type { Action } from '../core/deck.ts';
import { RUN_ACTIONS } from '../runs/actions.ts';
import { OPERATION_ACTIONS, WIZARD_ACTIONS } from '../wizard/actions.ts';
import { ROW_OPERATIONS } from '../wizard/row-operations.ts';
import { OVERLAY_ACTIONS } from './overlay.ts';
import { SCREEN_ACTIONS } from './screen.ts';
import { TABLE_ACTIONS } from './table.ts';

/** All of them, in the order of help and palette. */
export const ACTIONS: readonly Action[] = [
  ...SCREEN_ACTIONS,
  ...TABLE_ACTIONS,
  ...OPERATION_ACTIONS,
  ...RUN_ACTIONS,
  ...ROW_OPERATIONS,
  ...WIZARD_ACTIONS,
  ...OVERLAY_ACTIONS,
];
