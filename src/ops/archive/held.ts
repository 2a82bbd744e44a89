import type { Host, Workspace } from '../../hosts/host.ts';

/** A workspace that several steps use, one after the other. */
export interface Held {
  readonly workspace: Workspace;
  /** Removes it. What cannot be removed now is swept later. */
  close(): Promise<void>;
}

/** Makes a workspace on a host that stays until it is closed, or this process ends. */
export async function holdWorkspace(host: Host): Promise<Held> {
  const over = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<Workspace>();
  const held = host
    .withWorkspace(async (workspace) => {
      opened.resolve(workspace);
      await over.promise;
    })
    .catch((error: unknown) => opened.reject(error));
  return {
    workspace: await opened.promise,
    close: async () => {
      over.resolve();
      await held;
    },
  };
}
