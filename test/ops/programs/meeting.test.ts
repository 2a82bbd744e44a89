import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import type { Host, RunResult } from '../../../src/hosts/host.ts';
import { local } from '../../../src/hosts/local.ts';
import { clientEnvironment } from '../../../src/ops/programs/environment.ts';
import { meeting } from '../../../src/ops/programs/meeting.ts';
import { serverTarget } from '../../support/cluster.ts';
import { freePort } from '../../support/sshd.ts';
import { inDatabase } from '../restore/stage.ts';

/** Whom a psql meets that is led to this port, or says this. */
function met({ port, host = local }: { port?: number; host?: Host } = {}) {
  const target = { ...serverTarget(), ...(port !== undefined && { host: '127.0.0.1', port }) };
  const asking = {
    host,
    psql: join(inject('postgres').bin, 'psql'),
    env: clientEnvironment(local, target, 'test-meeting'),
    redact: (text: string) => text.replaceAll('127.0.0.1', '***'),
  };
  return inDatabase('postgres', (session) => meeting(session, 'postgres', asking));
}

/** A host whose psql answers so, once it has really asked. */
function answering(change: (result: RunResult) => Partial<RunResult>): Host {
  return {
    ...local,
    run: async (command, args, options) => {
      const result = await local.run(command, args, options);
      return { ...result, ...change(result) };
    },
  };
}

test('a psql elsewhere meets this server, also where it may not see the identifier', async () => {
  expect(await met()).toEqual({ met: 'same' });
  const refused = answering(({ stdout }) => ({
    exitCode: 1,
    stdout: `${stdout.split('\n')[0]}\n`,
    stderr: 'ERROR:  permission denied for function pg_control_system',
  }));
  expect(await met({ host: refused })).toEqual({ met: 'same' });
});

test('one that was started at another time, or has another identifier, is another', async () => {
  const started = answering(({ stdout }) => ({ stdout: stdout.replace(/^\d{4}/, '2001') }));
  expect(await met({ host: started })).toEqual({ met: 'other' });
  const system = answering(({ stdout }) => ({ stdout: stdout.replace(/\d(\n*)$/, 'x$1') }));
  expect(await met({ host: system })).toEqual({ met: 'other' });
});

test('why it meets nobody is a sentence, without what nobody may read', async () => {
  const found = await met({ port: await freePort() });
  expect(found).toEqual({ why: expect.stringMatching(/^connection to server at "\*\*\*".*\.$/) });
});
