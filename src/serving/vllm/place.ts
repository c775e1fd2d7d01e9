import net from 'node:net';
import { engineEnvironment } from '../../engines/definitions.ts';
import { installedEngine } from '../../engines/store.ts';
import { jobFiles } from '../../jobs/folder.ts';
import type { JobContext } from '../../jobs/worker.ts';
import type { ServeWork } from '../types.ts';
import type { VllmMachine } from './command.ts';
import { cpuHasBfloat16 } from './machine.ts';
import { checkVllmMemory } from './memory.ts';
import { runServer, type ServerExit } from './process.ts';
import { checkRay } from './ray.ts';

type Context = JobContext<'serve'>;

/** What a server is started from, by the paths of the machine that it runs on. */
export interface Laid {
  readonly weights: string;
  readonly adapters: ServeWork['adapters'];
}

/** A start of a server. */
export interface PlacedRun {
  readonly program: string;
  readonly args: readonly string[];
  /** Beside the engine's own; the key is in it. */
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** How long answers under way may go on after `signal`, ms; 0 = it is ended at once. */
  readonly drainMs: () => number;
  readonly onLook: () => void;
  readonly onLog: (text: string) => void;
}

/** The machine a vLLM server runs on: this one, or one that is reached by ssh. */
export interface ServingPlace {
  readonly machine: VllmMachine;
  /** ` on HOST`; '' = this machine. */
  readonly where: string;
  /** Files here that its output comes to. */
  readonly logs: readonly string[];
  /** Between two looks whether it answers yet, ms. */
  readonly lookMs: number;
  /** Refuses what this machine cannot hold; the weights are there. */
  check(weights: string): Promise<void>;
  /** Makes weights (a folder here) and adapters ready there. */
  lay(laid: Laid): Promise<Laid>;
  /** A port of its loopback that nobody has at the moment, and the address here that leads to it. */
  open(): Promise<{ readonly port: number; readonly url: string }>;
  run(run: PlacedRun): Promise<ServerExit>;
  close(): Promise<void>;
}

/** This machine. */
export function localPlace({ work, paths, folder }: Context): ServingPlace {
  const { python, device } = installedEngine(paths, 'vllm');
  const machine: VllmMachine = { python, device, hasBfloat16: cpuHasBfloat16() };
  const { stdout } = jobFiles(folder);
  return {
    machine,
    where: '',
    logs: [stdout],
    lookMs: 500,
    check: async (weights) => {
      if (work.vllm?.ray !== undefined) await checkRay(python);
      checkVllmMemory(paths, { ...work, weights }, device, machine.hasBfloat16);
    },
    lay: async (laid) => laid,
    open: async () => {
      const port = await freePort();
      return { port, url: `http://127.0.0.1:${port}/v1` };
    },
    run: ({ env, ...run }) =>
      runServer({
        ...run,
        args: [...run.args],
        cwd: folder,
        log: stdout,
        env: { ...engineEnvironment('vllm', device), ...env },
      }),
    close: async () => {},
  };
}

/** A port of loopback that nobody has at the moment. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
