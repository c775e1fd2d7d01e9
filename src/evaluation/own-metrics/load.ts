// Runs a person's code: only for workers and the task child, never for the screen's or a command's process.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { z } from 'zod';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { isBuiltIn } from '../metrics/registry.ts';
import type { Metric } from '../metrics/types.ts';
import { ownMetricFiles } from './folder.ts';
import { limited } from './limit.ts';
import { describedMetric, type OwnMetric, type OwnMetrics, ownMetricShape } from './types.ts';

const LOAD_MS = 5000;

export interface LoadedMetric {
  readonly about: OwnMetric;
  /** Its score throws what is wrong with it: an error of its own, too long a time, or a result that is no number within its range. */
  readonly metric: Metric;
}

/** Loads all metrics of the config folder; what cannot be used is told, and the others are loaded. Never throws. */
export async function loadOwnMetrics(
  paths: Pick<WorkspacePaths, 'configFile'>,
): Promise<{ metrics: LoadedMetric[]; problems: OwnMetrics['problems'] }> {
  const metrics: LoadedMetric[] = [];
  const problems: OwnMetrics['problems'] = [];
  for (const file of ownMetricFiles(paths)) {
    const name = path.basename(file);
    try {
      const loaded = await loadOne(file);
      const twin = metrics.find(({ about }) => about.name === loaded.about.name);
      if (twin) throw new Error(`"${loaded.about.name}" is the name of ${path.basename(twin.about.file)} already`);
      metrics.push(loaded);
    } catch (error) {
      problems.push({ file, message: `${name} is left out: ${firstLine(error)}.` });
    }
  }
  return { metrics, problems };
}

async function loadOne(file: string): Promise<LoadedMetric> {
  const version = createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 12);
  // The version keeps Node from giving back what it loaded before a change.
  const loaded: unknown = await withinTime(import(`${pathToFileURL(file).href}?v=${version}`));
  const parsed = ownMetricShape.safeParse(defaultOf(loaded));
  if (!parsed.success) throw new Error(told(parsed.error));
  const { score, unit, depth, ...shape } = parsed.data;
  if (isBuiltIn(shape.name)) throw new Error(`"${shape.name}" is the name of a built-in metric`);
  const about: OwnMetric = {
    ...shape,
    version,
    file,
    ...(unit === undefined ? {} : { unit }),
    ...(depth === undefined ? {} : { depth }),
  };
  const described = describedMetric(about);
  const inTime = limited(score);
  return { about, metric: { ...described, score: (item) => checked(inTime(item), described) } };
}

const defaultOf = (loaded: unknown): unknown =>
  typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : undefined;

function told(error: z.ZodError): string {
  const [issue] = error.issues;
  const where = issue?.path.map(String).join('.') ?? '';
  if (where === '') return 'its default export is no metric';
  return `${where} must be ${issue?.message ?? 'something else'}`;
}

function checked(value: unknown, { range, binary }: Metric): number | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean') return Number(value);
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Error(`its score is ${shown(value)}, no number`);
  const [low, high] = range;
  if (value < low || value > high) throw new Error(`its score ${value} is outside of ${low} to ${high}`);
  if (binary && value !== 0 && value !== 1) throw new Error(`its score ${value} is neither 0 nor 1`);
  return value;
}

const shown = (value: unknown): string => (typeof value === 'object' ? 'an object' : String(value).slice(0, 40));

async function withinTime<T>(loading: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it is not loaded after ${LOAD_MS / 1000} seconds`)), LOAD_MS);
  });
  try {
    return await Promise.race([loading, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What went wrong, on one line and without paths of the stack. */
export const firstLine = (error: unknown): string => {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split('\n')[0] ?? '').trim().replace(/\.$/, '').slice(0, 200) || 'it failed';
};
