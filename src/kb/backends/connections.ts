import { loadSettings } from '../../platform/config.ts';
import { trustedWith } from '../../platform/network-ca.ts';
import { type WorkspacePaths, workspacePaths } from '../../platform/paths.ts';
import { connectBackend } from './registry.ts';
import { findServer, serverSecret } from './servers.ts';
import type { VectorBackend } from './types.ts';

/** Makes the backend of a declared server. Errors: `not-found`, `permission` (its password is missing). */
export type OpenBackend = (server: string) => Promise<VectorBackend>;

/** As a server is declared, with its password and what `network.ca_file` trusts. */
export function openDeclared(paths: WorkspacePaths): OpenBackend {
  return async (name) => {
    const server = findServer(paths, name);
    const secret = await serverSecret(server);
    const caFile = loadSettings(workspacePaths(paths.home).configFile).settings.network.ca_file;
    return connectBackend({ server, secret, ca: caFile === undefined ? undefined : trustedWith(caFile) });
  };
}

/** One backend for each server, shared by all indexes that are kept there. */
export class Connections {
  readonly #open: OpenBackend;
  readonly #backends = new Map<string, Promise<VectorBackend>>();

  constructor(open: OpenBackend) {
    this.#open = open;
  }

  get(server: string): Promise<VectorBackend> {
    const known = this.#backends.get(server);
    if (known) return known;
    const made = this.#open(server);
    this.#backends.set(server, made);
    made.catch(() => this.#backends.delete(server));
    return made;
  }

  /**
   * What is said of the server and its password is looked up anew by the next call. The connection ends by itself when
   * what runs over it is over, which may take hours.
   */
  forget(server: string): void {
    const known = this.#backends.get(server);
    this.#backends.delete(server);
    void known?.then((backend) => backend.close()).catch(() => undefined);
  }

  /** Forgets a server that failed, unless others have another connection to it by now; false: they have, or none. */
  async forgetFailed(server: string, failed: VectorBackend | undefined): Promise<boolean> {
    const known = this.#backends.get(server);
    const backend = await known?.catch(() => undefined);
    if (!failed || backend !== failed || this.#backends.get(server) !== known) return false;
    this.forget(server);
    return true;
  }

  async close(): Promise<void> {
    const all = [...this.#backends.values()];
    this.#backends.clear();
    await Promise.all(all.map((known) => known.then((backend) => backend.close()).catch(() => undefined)));
  }
}
