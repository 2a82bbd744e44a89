import { describe } from 'vitest';
import { NO_SSHD } from '../../../../support/sshd.ts';
import { everyCommand } from '../every.ts';
import { overSsh } from '../place.ts';

describe.skipIf(NO_SSHD !== undefined)('over ssh', { timeout: 120_000 }, () =>
  everyCommand('over ssh', 1, overSsh),
);
