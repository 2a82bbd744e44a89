import { type Setting, takesOf } from '../../db/settings/list.ts';
import type { Check } from '../engine/plan.ts';
import { isSystem, type Scope } from './scope.ts';

/** What is asked for: a value, or undefined for what holds without one. */
export interface Change {
  readonly name: string;
  readonly scope: Scope;
  readonly to: string | undefined;
}

/** Whether what is changed holds only after a restart. */
export function takesRestart(setting: Setting | undefined, scope: Scope): boolean {
  return setting !== undefined && isSystem(scope) && takesOf(setting) === 'restart';
}

export const ok = (title: string, detail: string): Check => ({ title, status: 'ok', detail });
export const warn = (title: string, detail: string): Check => ({ title, status: 'warn', detail });
export const block = (title: string, detail: string): Check => ({ title, status: 'block', detail });
