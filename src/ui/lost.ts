/**
 * Calls `lost` when the terminal is gone: writing to it fails, often before its SIGHUP arrives, and an error that nobody
 * hears would end the process with a run half done. Returns what takes this back; once the terminal is lost, nothing
 * that is still written there may end the process either.
 */
export function onTerminalLost(lost: () => void): () => void {
  const streams = [process.stdout, process.stderr, process.stdin] as const;
  let gone = false;
  const listener = () => {
    gone = true;
    lost();
  };
  const others = streams.map((stream) => stream.listeners('error') as ((error: Error) => void)[]);
  for (const stream of streams) stream.removeAllListeners('error').on('error', listener);
  return () => {
    if (gone) return;
    for (const [at, stream] of streams.entries()) {
      stream.off('error', listener);
      for (const other of others[at] ?? []) stream.on('error', other);
    }
  };
}
