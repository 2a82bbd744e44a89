import { z } from 'zod';
import type { Field } from '../engine/operation.ts';

export const timeout = z
  .number()
  .int()
  .min(1, 'expected 1 or more')
  .max(86_400, 'expected a day (86400) at most')
  .default(300);

export const timeoutField: Field = {
  title: 'Time to be ready',
  hint: 'seconds that are waited for the pod that comes to be ready',
  placeholder: 'seconds',
};

/** The input of what waits for a pod, and its field. */
export const waiting = { input: z.object({ timeout }), fields: { timeout: timeoutField } };
