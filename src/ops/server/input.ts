import { z } from 'zod';

const seconds = (initial: number) =>
  z
    .number()
    .int()
    .min(1, 'expected 1 or more')
    .max(86_400, 'expected a day (86400) at most')
    .default(initial);

export const restartInput = z.object({
  stop_timeout: seconds(60),
  timeout: seconds(300),
  interrupt: z.array(z.enum(['work'], 'expected work')).default([]),
  before: z.string().min(1).optional(),
  after: z.string().min(1).optional(),
});

export type RestartInput = z.output<typeof restartInput>;
