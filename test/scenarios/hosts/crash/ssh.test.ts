import { describe } from 'vitest';
import { NO_SSHD } from '../../../support/sshd.ts';
import { moments } from './moments.ts';
import { overSsh } from './place.ts';

describe.skipIf(NO_SSHD !== undefined)('over ssh', { timeout: 90_000 }, () => moments(overSsh));
