import { afterAll, beforeAll, describe } from 'vitest';
import { openStore } from '../../../src/ops/remote/store/open.ts';
import { holdsAsDirectory } from '../../ops/remote/store/contract.ts';
import { NO_SSHD, type Sshd, startSshd } from '../../support/sshd.ts';

describe.skipIf(NO_SSHD !== undefined)(
  `copies on a machine behind a real sshd${NO_SSHD ? ` (${NO_SSHD})` : ''}`,
  () => {
    let sshd: Sshd;
    beforeAll(async () => {
      sshd = await startSshd();
    });
    afterAll(() => sshd.stop());
    holdsAsDirectory((path) =>
      openStore({
        kind: 'host',
        runs_on: { kind: 'ssh', destination: sshd.destination, config: sshd.config },
        path,
      }),
    );
  },
);
