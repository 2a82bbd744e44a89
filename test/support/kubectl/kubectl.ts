import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ANY_FAULTS, type Fault } from '../ways/stand-in.ts';

/*
 * A `kubectl` that comes first on PATH and behaves as its documentation and the named public reports have it, for one
 * cluster (context `test`) of files: pods whose commands run on this machine, workloads with their count, events, logs.
 */

/** What its exec does. `$here` is the cluster's directory. */
export const KUBECTL_FAULTS = {
  ...ANY_FAULTS,
  // kubernetes 89899: that its input has ended is not passed on
  'the end of the input is kept': { does: '{ cat; exec sleep 300; } | "$@"', run: 'believed' },
  // kubernetes 89031: with the client nothing ends there
  'all is left behind': {
    does: `exec setsid -w bash -c '{ cat; exec sleep 30; } | "$@"' exec "$@"`,
    run: 'believed',
  },
  // kubernetes 73056, 124571, kubectl 1361: the connection is lost, and it ends with 0
  'the connection is lost, exit 0': { does: '"$@" 2>/dev/null | head -c 1000; exit 0', run: 'gone' },
  'the connection is lost, and it says so': {
    does: '"$@" 2>/dev/null | head -c 1000; echo "error: error reading from error stream: next reader: websocket: close 1006 (abnormal closure): unexpected EOF" >&2; exit 1',
    run: 'gone',
  },
  // kubernetes 129144: the pod is deleted, and exec freezes
  'it freezes when the pod is deleted': {
    does: '"$@" | { head -c 1000; rm "$here/pod/postgres-0.json"; exec sleep 300; }',
    run: 'gone',
    within: 25_000,
  },
  'it freezes when the pod is made anew': {
    does: '"$@" | { head -c 1000; sed -i "s/uid-1/uid-2/" "$here/pod/postgres-0.json"; exec sleep 300; }',
    run: 'gone',
    within: 25_000,
  },
  'the pod is made anew': {
    does: 'sed -i "s/uid-1/uid-2/" "$here/pod/postgres-0.json"; "$@" 2>/dev/null | head -c 1000; exit 0',
    run: 'gone',
  },
  'the container starts anew': {
    does: 'sed -i \'s/"restartCount":0/"restartCount":1/\' "$here/pod/postgres-0.json"; "$@" 2>/dev/null | head -c 1000; exit 137',
    run: 'gone',
  },
  'the pod is removed': {
    does: 'rm "$here/pod/postgres-0.json"; "$@" 2>/dev/null | head -c 1000; exit 0',
    run: 'gone',
  },
  'no such pod': {
    does: `echo 'Error from server (NotFound): pods "postgres-0" not found' >&2; exit 1`,
    says: ['gone', /pod postgres-0 .* is not there any more/],
  },
  'no cluster': {
    does: 'echo "Unable to connect to the server: dial tcp 10.0.0.1:6443: i/o timeout" >&2; exit 1',
    says: ['other', /does not reach its cluster/],
  },
  'no right': {
    does: `echo 'Error from server (Forbidden): pods "postgres-0" is forbidden: User "dev" cannot create resource "pods/exec" in API group "" in the namespace "production"' >&2; exit 1`,
    says: ['denied', /cannot create resource "pods\/exec"/],
  },
  'no shell in the pod': {
    does: `echo 'error: Internal error occurred: error executing command in container: failed to exec in container: OCI runtime exec failed: exec failed: unable to start container process: exec: "sh": executable file not found in $PATH: unknown' >&2; exit 1`,
    says: ['missing', /no shell \(sh\) in the pod postgres-0/],
  },
} as const satisfies Readonly<Record<string, Fault>>;
export type KubectlFault = keyof typeof KUBECTL_FAULTS;

export interface PodState {
  readonly uid?: string;
  readonly labels?: string;
  readonly restarts?: number;
  readonly ready?: boolean;
  /** Reason and message of a container that waits instead of running. */
  readonly waiting?: readonly [reason: string, message: string];
  readonly exitCode?: number;
  /** Why it ended the last time, in the cluster's word. */
  readonly reason?: string;
  readonly leaving?: boolean;
  readonly owner?: readonly [kind: string, name: string];
  readonly containers?: readonly string[];
  readonly claim?: string;
  /** As its manifest has it. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Cluster {
  readonly directory: string;
  /** What happens to the commands of exec from now on. */
  set(fault: KubectlFault): Promise<void>;
  pod(name: string, state?: PodState): Promise<void>;
  removePod(name: string): Promise<void>;
  workload(kind: 'deployment' | 'statefulset', name: string, replicas: number): Promise<void>;
  replicas(kind: 'deployment' | 'statefulset', name: string): Promise<number>;
  log(pod: string, text: string): Promise<void>;
  events(events: readonly Readonly<Record<string, unknown>>[]): Promise<void>;
  /** Where port-forward leads to: a port of this machine, after how many connections it ends, and what one to a pod that is gone does. */
  forwardTo(port: number, more?: { readonly connections?: number; readonly hangs?: boolean }): Promise<void>;
  /** Variables of what exec runs. */
  environment(variables: Readonly<Record<string, string>>): Promise<void>;
  /** Command lines that it was given. */
  calls(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

const SCRIPT = String.raw`#!/bin/bash
here="$0.cluster"
printf '%s\n' "$*" >>"$here/calls"
context=test
args=()
while [ $# -gt 0 ]; do
  case $1 in
    --context=*) context=${'$'}{1#*=} ;;
    --namespace=*) ;;
    --) break ;;
    *) args+=("$1") ;;
  esac
  shift
done
[ "$1" = -- ] && shift
[ "$context" = test ] || { echo "Error in configuration: context was not found for specified context: $context" >&2; exit 1; }
[ ! -e "$here/away" ] || { echo 'The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?' >&2; exit 1; }
set -- "${'$'}{args[@]}" "$@"
none() { echo "Error from server (NotFound): $1 \"$2\" not found" >&2; exit 1; }
labelled() { for f in "$here"/pod/*.json; do [ -e "$f" ] && grep -q "\"from\":\"$1\"" "$f" && echo "$f"; done; }
workload() {
  [ -e "$here/$1/$2" ] || none "$1s.apps" "$2"
  read -r n <"$here/$1/$2"
  printf '{"metadata":{"uid":"w","name":"%s"},"spec":{"replicas":%s,"selector":{"matchLabels":{"app":"%s"}}},"status":{"replicas":%s,"readyReplicas":%s}}' "$2" "$n" "$2" "$n" "$n"
}
case "$1 $2" in
  'config current-context') echo test ;;
  'version --client') echo 'Client Version: v1.32.4' ;;
  'get pod') [ -e "$here/pod/$3.json" ] || none pods "$3"; cat "$here/pod/$3.json" ;;
  'get pods')
    case "$*" in *custom-columns=*) cat "$here"/columns/* 2>/dev/null; exit 0 ;; esac
    if [ "$6" = name ]; then for f in $(labelled "$4"); do f=${'$'}{f##*/}; echo "pod/${'$'}{f%.json}"; done; exit 0; fi
    echo '{"items":['; s=; for f in $(labelled "$4"); do printf '%s' "$s"; cat "$f"; s=,; done; echo ']}' ;;
  'get deployment' | 'get statefulset') workload "$2" "$3" ;;
  'get replicaset') printf '{"metadata":{"ownerReferences":[{"kind":"Deployment","name":"%s"}]}}' "${'$'}{3%-*}" ;;
  'get events') cat "$here/events" ;;
  logs\ *) [ -e "$here/pod/$2.json" ] || none pods "$2"; [ ! -e "$here/log/$2" ] || cat "$here/log/$2" ;;
  scale\ *)
    kind=${'$'}{2%%/*} name=${'$'}{2#*/}
    [ -e "$here/$kind/$name" ] || none "$kind.apps" "$name"
    echo "${'$'}{3#--replicas=}" >"$here/$kind/$name"
    echo "$kind.apps/$name scaled" ;;
  'delete pod')
    [ -e "$here/pod/$3.json" ] || none pods "$3"
    if [ -e "$here/after/$3.json" ]; then cp "$here/after/$3.json" "$here/pod/$3.json"; else rm "$here/pod/$3.json"; fi
    echo "pod \"$3\" deleted" ;;
  'rollout restart')
    kind=${'$'}{3%%/*} name=${'$'}{3#*/}
    [ -e "$here/$kind/$name" ] || none "$kind.apps" "$name"
    [ ! -e "$here/restart" ] || . "$here/restart"
    echo "$kind.apps/$name restarted" ;;
  'rollout status') echo "${'$'}{3%%/*} rolling update complete" ;;
  port-forward\ *)
    name=${'$'}{3#pod/}
    [ -e "$here/pod/$name.json" ] || none pods "$name"
    exec NODE_HERE "$here/forward.mjs" "$here/forward" "$here/pod/$name.json" ;;
  'exec -i')
    [ -e "$here/pod/$3.json" ] || none pods "$3"
    shift 5
    [ ! -e "$here/environment" ] || . "$here/environment"
    # what ends the client's group does not reach what runs in a pod
    set -- setsid -w "$@"
    . "$here/fault" ;;
  *) echo "error: unknown command \"$1\" for \"kubectl\"" >&2; exit 1 ;;
esac
`;

/** Of the pod that it began with: once that is another one or gone it listens on, and what connects is refused or hangs. */
const FORWARD = `
import { createConnection, createServer } from 'node:net';
import { readFileSync } from 'node:fs';
const [forward, pod] = process.argv.slice(2);
const [port, most, stale] = readFileSync(forward, 'utf8').split(' ').map(Number);
const uid = () => {
  try { return JSON.parse(readFileSync(pod, 'utf8')).metadata.uid; } catch { return undefined; }
};
const begun = uid();
let left = most;
const server = createServer((from) => {
  from.on('error', () => from.destroy());
  if (uid() !== begun) {
    if (stale === 1) return void from.resume();
    console.error('E0101 error forwarding port 5432 to pod, uid : container not found');
    return void from.destroy();
  }
  const to = createConnection({ host: '127.0.0.1', port });
  from.pipe(to).pipe(from);
  const end = () => { from.destroy(); to.destroy(); };
  for (const one of [from, to]) one.on('error', end);
  from.on('close', () => {
    left -= 1;
    if (left === 0) { console.error('error: lost connection to pod'); process.exit(1); }
  });
});
server.listen(0, '127.0.0.1', () => {
  console.log('Forwarding from 127.0.0.1:' + server.address().port + ' -> 5432');
});
`;

/** Puts it on this process's PATH, with one pod `postgres-0` of the labels `app=postgres`. */
export async function kubectlStandIn(): Promise<Cluster> {
  const bin = await mkdtemp(join(tmpdir(), 'pgdeck-kubectl-'));
  const before = process.env.PATH;
  process.env.PATH = `${bin}${delimiter}${before}`;
  const here = join(bin, 'kubectl.cluster');
  for (const name of ['columns', 'pod', 'after', 'deployment', 'statefulset', 'log'])
    await mkdir(join(here, name), { recursive: true });
  await writeFile(join(bin, 'kubectl'), SCRIPT.replace('NODE_HERE', `'${process.execPath}'`));
  await chmod(join(bin, 'kubectl'), 0o755);
  await writeFile(join(here, 'forward.mjs'), FORWARD);
  const write = (name: string, text: string) => writeFile(join(here, name), text);
  const cluster: Cluster = {
    directory: here,
    set: (fault) => write('fault', `${KUBECTL_FAULTS[fault].does}\n`),
    pod: async (name, state = {}) => {
      const { containers = ['postgres'] } = state;
      const columns = [
        'production',
        name,
        'Running',
        containers.join(','),
        containers.map(imageOf).join(','),
      ];
      await write(`columns/${name}`, `${columns.join('   ')}\n`);
      await write(`pod/${name}.json`, JSON.stringify(podJson(name, state)));
    },
    removePod: async (name) => {
      for (const path of [join('columns', name), join('pod', `${name}.json`)])
        await rm(join(here, path), { force: true });
    },
    workload: (kind, name, replicas) => write(`${kind}/${name}`, `${replicas}\n`),
    replicas: async (kind, name) => Number(await readFile(join(here, kind, name), 'utf8')),
    log: (pod, text) => write(`log/${pod}`, text),
    events: (items) => write('events', JSON.stringify({ items })),
    forwardTo: (port, { connections = -1, hangs = false } = {}) =>
      write('forward', `${port} ${connections} ${hangs ? 1 : 0}`),
    environment: (variables) =>
      write(
        'environment',
        Object.entries(variables)
          .map(([name, value]) => `export ${name}='${value}'\n`)
          .join(''),
      ),
    calls: async () => {
      const path = join(here, 'calls');
      return existsSync(path) ? (await readFile(path, 'utf8')).trimEnd().split('\n') : [];
    },
    remove: async () => {
      process.env.PATH = before;
      await rm(bin, { recursive: true, force: true });
    },
  };
  await cluster.set('none');
  await cluster.events([]);
  await cluster.pod('postgres-0');
  return cluster;
}

const imageOf = (container: string): string =>
  ({ postgres: 'postgres:16', exporter: 'quay.io/prometheuscommunity/postgres-exporter:v0.15' })[container] ??
  'busybox';

/** As `kubectl get pod -o json` has it, as far as it matters; what a pod that has left comes back as is written beside. */
export function podJson(name: string, state: PodState): Record<string, unknown> {
  const { uid = 'uid-1', labels = 'app=postgres', restarts = 0, waiting, exitCode, leaving } = state;
  const { owner = ['StatefulSet', 'postgres'], containers = ['postgres'], claim = 'postgres-pvc' } = state;
  const ended = {
    terminated: {
      exitCode: exitCode ?? 1,
      reason: state.reason ?? 'Error',
      finishedAt: '2026-01-01T00:00:00Z',
    },
  };
  return {
    metadata: {
      name,
      uid,
      namespace: 'production',
      // its own selector as it is asked for, so that the stand-in need not understand selectors
      annotations: { from: labels },
      labels: Object.fromEntries(labels.split(',').map((one) => one.split('='))),
      ownerReferences: [{ kind: owner[0], name: owner[1], controller: true }],
      ...(leaving && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    },
    spec: {
      nodeName: 'node-1',
      containers: containers.map((one) => ({
        name: one,
        image: imageOf(one),
        ...(state.environment && {
          env: Object.entries(state.environment).map(([key, value]) => ({ name: key, value })),
        }),
      })),
      volumes: [{ persistentVolumeClaim: { claimName: claim } }],
    },
    status: {
      phase: 'Running',
      containerStatuses: containers.map((one) => ({
        name: one,
        ready: state.ready ?? waiting === undefined,
        restartCount: restarts,
        containerID: `containerd://${uid}`,
        state:
          waiting === undefined
            ? { running: { startedAt: '2026-01-01T00:00:00Z' } }
            : { waiting: { reason: waiting[0], message: waiting[1] } },
        lastState: restarts > 0 ? ended : {},
      })),
    },
  };
}
