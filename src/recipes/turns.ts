import { farLauncher, isSlurm } from '../hosts/types.ts';
import { type PlannedStep, stepsBefore } from './plan.ts';

/** Each training has a supervisor and a worker here, some 150 MB, and a channel to its host. */
export const MOST_TOGETHER = 16;

/**
 * The steps of a plan as they take their turns: each alone, but trainings that are ready at the same time and go to the
 * same Slurm together. What any of these needs comes before them; else the order stays as it is. Pure.
 */
export function turnsOf(steps: readonly PlannedStep[]): PlannedStep[][] {
  const together = groupsOf(steps);
  const byId = new Map(steps.map((step) => [step.id, step]));
  const placed = new Set<string>();
  const turns: PlannedStep[][] = [];
  const place = (step: PlannedStep): void => {
    if (placed.has(step.id)) return;
    const turn = together.get(step.id) ?? [step];
    for (const one of turn) placed.add(one.id);
    for (const id of turn.flatMap(stepsBefore)) {
      const before = byId.get(id);
      if (before) place(before);
    }
    turns.push(turn);
  };
  for (const step of steps) place(step);
  return turns;
}

/** By the id of each training under Slurm: those that take their turn with it, itself too. None needs another one. */
function groupsOf(steps: readonly PlannedStep[]): Map<string, PlannedStep[]> {
  const groups = new Map<string, PlannedStep[]>();
  for (const step of steps) {
    const launcher = slurmOf(step);
    if (launcher === undefined) continue;
    groups.set(launcher, [...(groups.get(launcher) ?? []), step]);
  }
  const chunks = [...groups.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / MOST_TOGETHER) }, (_, at) =>
      group.slice(at * MOST_TOGETHER, (at + 1) * MOST_TOGETHER),
    ),
  );
  return new Map(chunks.flatMap((group) => group.map((step) => [step.id, group] as const)));
}

function slurmOf({ spec }: PlannedStep): string | undefined {
  const launcher = spec.kind === 'train' ? farLauncher(spec.launcher) : undefined;
  return isSlurm(launcher) ? launcher : undefined;
}
