import { afterAll, beforeAll, describe } from 'vitest';
import { openRemote, type RemoteHost } from '../../../../src/hosts/remote/remote.ts';
import { hostStore } from '../../../../src/ops/remote/store/host.ts';
import { SHELLS, type WayHere, wayHere } from '../../../support/ways/here.ts';
import { holdsAsDirectory } from './contract.ts';

describe.each(SHELLS.filter((shell) => shell !== 'bash'))('a directory by way of %s', (shell) => {
  let way: WayHere;
  let host: RemoteHost;
  beforeAll(async () => {
    way = await wayHere(shell);
    host = await openRemote(way);
  });
  afterAll(() => way.remove());
  holdsAsDirectory(async (root) => hostStore(host, root));
});
