import type { Action } from '../core/deck.ts';
import { OVERLAY_ACTIONS } from './overlay.ts';
import { SCREEN_ACTIONS } from './screen.ts';
import { TABLE_ACTIONS } from './table.ts';
import { WIZARD_ACTIONS } from './wizard.ts';

/** All of them, in the order of help and palette. */
export const ACTIONS: readonly Action[] = [
  ...SCREEN_ACTIONS,
  ...TABLE_ACTIONS,
  ...WIZARD_ACTIONS,
  ...OVERLAY_ACTIONS,
];
