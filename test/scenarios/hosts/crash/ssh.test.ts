import { describe } from 'vitest';
import { NO_SSHD } from '../../../support/sshd.ts';
import { moments } from './moments.ts';
import { EVERY, overSsh } from './place.ts';

describe.skipIf(NO_SSHD !== undefined || !EVERY)('over ssh', { timeout: 90_000 }, () => moments(overSsh));
