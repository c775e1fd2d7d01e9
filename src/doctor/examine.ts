import { errorLine } from '../platform/errors.ts';
import { redactSecrets } from '../platform/redact.ts';
import { CHECKS } from './registry.ts';
import type { Check, Finding, Probe } from './types.ts';

/** One line of the report. */
export interface Result extends Finding {
  readonly id: string;
  readonly name: string;
}

/** Runs the checks in their order; one that throws has failed with its reason. Secrets in texts are masked. */
export async function examine(probe: Probe, checks: readonly Check[] = CHECKS): Promise<Result[]> {
  const results: Result[] = [];
  for (const { id, name, run } of checks) {
    for (const finding of await findingsOf(run, probe)) {
      const { detail, get, ...rest } = finding;
      const shown = { ...rest, detail: redactSecrets(detail), ...(get ? { get: redactSecrets(get) } : {}) };
      results.push({ id, name, ...shown });
    }
  }
  return results;
}

async function findingsOf(run: Check['run'], probe: Probe): Promise<readonly Finding[]> {
  try {
    return [await run(probe)].flat();
  } catch (error) {
    return [{ state: 'fail', detail: errorLine(error) }];
  }
}
