import { z } from 'zod';
import { ENGINES } from '../engines/definitions.ts';
import type { EngineName } from '../engines/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { askAgent } from './agent.ts';
import { farEngines, keepLearned } from './store.ts';
import { type FarEngine, farEngineSchema, type KnownHost } from './types.ts';

/** Those of the engines named whose environments on a host are whole. */
export async function findFarEngines(host: KnownHost, names: readonly EngineName[]): Promise<FarEngine[]> {
  const request = { op: 'engines', folder: farEngines(host), names };
  const found = await askAgent(host, request, z.record(z.string(), z.unknown()));
  return names.flatMap((name) => {
    const engine = farEngineSchema.safeParse(found[name]).data;
    return engine?.name === name ? [engine] : [];
  });
}

/** One of them. Errors: `unavailable` with the command that makes one. */
export async function farEngine(host: KnownHost, name: EngineName): Promise<FarEngine> {
  const [found] = await findFarEngines(host, [name]);
  if (found) return found;
  throw new RagtuiError(
    'unavailable',
    `${ENGINES[name].title} is not installed on ${host.name} (${farEngines(host)}).`,
    `Run "ragtui hosts prepare ${host.name} --engine ${name}", or name the folder that has it: ragtui hosts add ${host.name} --engines DIR`,
  );
}

/** Looks which engines a host has, and keeps that with what is known of it. */
export async function lookForEngines(paths: WorkspacePaths, host: KnownHost): Promise<FarEngine[]> {
  const installed = await findFarEngines(
    host,
    Object.values(ENGINES).map(({ name }) => name),
  );
  await keepLearned(paths, host.name, { installed });
  return installed;
}
