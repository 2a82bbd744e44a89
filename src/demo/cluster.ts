// the demo's server is a throwaway one like those that backups are tested in
export { type Cluster, createCluster } from '../hosts/cluster/cluster.ts';
