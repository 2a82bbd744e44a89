import type { Check } from './check.ts';
import * as checks from './checks.ts';

/** Every check. */
export const CHECKS: readonly Check[] = Object.values<Check>(checks);
