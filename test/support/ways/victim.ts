// Run as a process of its own by the tests: works in a container until it is killed.
import { openHost } from '../../../src/hosts/open.ts';

const [container = ''] = process.argv.slice(2);
const host = await openHost({ kind: 'docker', container });
await host.withWorkspace(async (workspace) => {
  const endless = (async function* () {
    for (;;) {
      yield Buffer.alloc(65_536);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  const running = await host.start('sleep', ['1003']);
  const pipe = host.pipe([
    { command: 'sleep', args: ['1001'] },
    { command: 'sh', args: ['-c', 'sleep 1002 & cat'] },
  ]);
  const copy = host.transfer?.send(endless, workspace.path('copy'));
  const deaf = host.run('sleep', ['1004'], { input: 'x'.repeat(1_000_000) });
  await Promise.all([pipe, copy, deaf, running.exited]);
});
