import { stepTitle } from './describe.ts';
import { hashOf, type PlannedStep, type RecipePlan, type SpecOf, stepsBefore } from './plan.ts';
import { measuredSeconds, readResult } from './results.ts';
import { deployFacts } from './steps/deploy.ts';
import { doerOf } from './steps/registry.ts';
import type { Needs, World } from './steps/types.ts';
import type { Made, MadeOf } from './types.ts';

export interface PreviewedStep {
  readonly id: string;
  readonly title: string;
  readonly kind: PlannedStep['spec']['kind'];
  /** `follows`: whether it must be done shows once those before it are. */
  readonly state: 'kept' | 'run' | 'follows' | 'server';
  readonly expected: number | null;
  readonly variants: readonly number[];
  readonly after: readonly string[];
  readonly spec: PlannedStep['spec'];
}

/** The key of a step: the hash of all that decides what it makes. Pure. */
export function stepKey(step: Pick<PlannedStep, 'spec'>, version: number, needs: Needs, facts: unknown): string {
  const consumed = Object.entries(needs).map(([slot, { digest }]) => [slot, digest]);
  return hashOf([whatOf(step.spec), version, consumed.sort(), facts]);
}

/** Where a training or a server runs decides nothing of what is asked of it. */
const whatOf = (spec: PlannedStep['spec']): unknown =>
  spec.kind === 'train' || spec.kind === 'deploy' ? { ...spec, launcher: undefined } : spec;

/** A server that is started once somebody needs it. Its key is its digest: it makes nothing. */
export function plannedServer(world: Pick<World, 'paths'>, spec: SpecOf<'deploy'>, needs: Needs): MadeOf<'server'> {
  const digest = stepKey({ spec }, 1, needs, deployFacts(world, spec, needs));
  const { model, engine = '' } = spec;
  return { type: 'server', digest, model, adapters: [], engine, readySeconds: null };
}

/** What a plan would do now: which results are there, which steps would run. Starts nothing but the kb service, to look. */
export async function previewPlan(world: World, plan: RecipePlan): Promise<PreviewedStep[]> {
  const known = new Map<string, Made>();
  const measured = measuredSeconds(world.paths);
  const previews: PreviewedStep[] = [];
  for (const step of plan.steps) {
    const { state, made } = await previewStep(world, step, known);
    if (made) known.set(step.id, made);
    const { id, name, spec, variants } = step;
    const { kind } = spec;
    const expected = state === 'kept' ? 0 : measured(kind, name);
    const title = stepTitle(spec, name);
    previews.push({ id, title, kind, state, expected, variants, after: stepsBefore(step), spec });
  }
  return previews;
}

async function previewStep(
  world: World,
  step: PlannedStep,
  known: ReadonlyMap<string, Made>,
): Promise<{ state: PreviewedStep['state']; made?: Made }> {
  const needs: Record<string, Made> = {};
  for (const [slot, id] of Object.entries(step.needs)) {
    const made = known.get(id);
    if (!made) return { state: step.spec.kind === 'deploy' ? 'server' : 'follows' };
    needs[slot] = made;
  }
  try {
    const { spec } = step;
    if (spec.kind === 'deploy') return { state: 'server', made: plannedServer(world, spec, needs) };
    const doer = doerOf(step);
    if (!doer) return { state: 'run' };
    const before = readResult(world.paths, stepKey(step, doer.version, needs, await doer.facts(world, needs)));
    if (before && (await doer.there(world, before.made)) === before.made.digest)
      return { state: 'kept', made: before.made };
    return { state: 'run' };
  } catch {
    // A model or an engine that is not here yet: that it comes first is a step of its own.
    return { state: 'run' };
  }
}
