import { z } from 'zod';
import { ENGINES } from '../engines/definitions.ts';
import { engineManifestSchema } from '../engines/types.ts';
import { askAgent } from '../hosts/agent.ts';
import { askFacts } from '../hosts/facts.ts';
import { farEngines, keepLearned } from '../hosts/store.ts';
import type { Host } from '../hosts/types.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { CARDS_QUERY, type NvidiaSmi, PROCESSES_QUERY, readGpus } from '../platform/telemetry/nvidia-smi.ts';
import { machineSchema } from '../platform/telemetry/types.ts';
import { diskSchema, type Hold, type Look, type PlaceEngine, placeEngineSchema, runSchema } from './types.ts';

/** A host that is silent for so long counts as lost. */
const LOOK_MS = 20_000;

const printedSchema = z.object({ code: z.number().int().nullable(), output: z.string() });
const farRunSchema = runSchema.extend({ gpus: z.array(z.number().int()), waits: z.string() });
const answerSchema = z.object({
  ...machineSchema.shape,
  disk: diskSchema,
  cards: printedSchema,
  processes: printedSchema,
  owners: z.record(z.string(), z.string()),
  runs: z.array(farRunSchema),
  engines: z.record(z.string(), z.unknown()),
});
type FarRun = z.infer<typeof farRunSchema>;

/**
 * What a host does now, in one call. One that was never asked what it is, is asked that first. Errors: `network`,
 * `permission`, `unavailable`, `invalid`, `cancelled`.
 */
export async function lookFar(paths: WorkspacePaths, host: Host, signal: AbortSignal): Promise<Look> {
  const known = { ...host, facts: host.facts ?? (await askFacts(host, new Date(), signal)) };
  if (!host.facts) await keepLearned(paths, host.name, { facts: known.facts });
  const request = {
    op: 'look',
    cards: CARDS_QUERY,
    processes: PROCESSES_QUERY,
    folder: farEngines(known),
    names: Object.keys(ENGINES),
  };
  const answer = await askAgent(known, request, answerSchema, { signal, timeoutMs: LOOK_MS });
  const { disk, cards, processes, owners, runs, engines, ...machine } = answer;
  // What it printed there is read as if it were printed here.
  const printed: NvidiaSmi = async (args) => (args === CARDS_QUERY ? cards : processes);
  return {
    at: new Date().toISOString(),
    machine,
    disk,
    gpus: await readGpus(printed),
    owners,
    holds: runs.flatMap(holdOf),
    runs: runs.map(({ run, state, startedAt }) => ({ run, state, startedAt })),
    engines: Object.entries(engines).flatMap(([name, manifest]) => engineOf(name, manifest)),
  };
}

function holdOf({ run, gpus, waits }: FarRun): Hold[] {
  if (gpus.length === 0 && waits === '') return [];
  return [{ owner: run, name: '', devices: gpus.map(String), waits, position: null }];
}

/** The first of its versions is the engine's own. */
export function engineOf(name: string, manifest: unknown): PlaceEngine[] {
  const found = engineManifestSchema.safeParse(manifest).data;
  if (!found) return [];
  const { device, versions } = found;
  return [placeEngineSchema.parse({ name, device, version: Object.values(versions)[0] ?? '' })];
}
