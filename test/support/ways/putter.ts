// Run as a process of its own by the tests: copies a file into a container until it is killed.
import { openHost } from '../../../src/hosts/open.ts';

const [container = '', from = '', to = ''] = process.argv.slice(2);
const host = await openHost({ kind: 'docker', container });
await host.transfer?.put(from, to);
