// Run as a process of its own by the tests: starts a cluster, says where, and never ends by itself.
import { createCluster } from '../../src/hosts/cluster/cluster.ts';

const [bin] = process.argv.slice(2);
const cluster = await createCluster(bin === undefined ? {} : { bin });
console.log(JSON.stringify({ dataDir: cluster.dataDir, port: cluster.port }));
setInterval(() => {}, 60_000);
