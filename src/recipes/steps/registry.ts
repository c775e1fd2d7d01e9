import type { PlannedStep } from '../plan.ts';
import type { Made, StepKind } from '../types.ts';
import { importStep, splitStep, useStep } from './datasets.ts';
import { evaluateStep } from './evaluate.ts';
import { gateStep } from './gate.ts';
import { kbStep } from './kb.ts';
import { negativesStep } from './negatives.ts';
import { engineStep, modelsStep } from './ready.ts';
import { prepareStep, selectStep } from './select.ts';
import { trainStep } from './train.ts';
import type { Doing, Needs, StepDoer, World } from './types.ts';

/** Servers are no results: they are started for those who need them (`deploy.ts`). */
export type ResultKind = Exclude<StepKind, 'deploy'>;
type Doers = { readonly [K in ResultKind]: StepDoer<K> };

const DOERS: Doers = {
  engine: engineStep,
  models: modelsStep,
  import: importStep,
  use: useStep,
  select: selectStep,
  negatives: negativesStep,
  prepare: prepareStep,
  split: splitStep,
  kb: kbStep,
  train: trainStep,
  evaluate: evaluateStep,
  gate: gateStep,
};

/** A step with the one who does its kind, as one: so that nobody has to tell the kinds apart. */
export interface BoundStep {
  readonly version: number;
  facts(world: World, needs: Needs): Promise<unknown>;
  there(world: World, made: Made): Promise<string | undefined>;
  make(doing: Omit<Doing<ResultKind>, 'spec'>): Promise<Made>;
  expect(world: World, needs: Needs): number | null;
}

/** The doer of a planned step; undefined for a deployment. */
export function doerOf({ spec }: PlannedStep, doers: Doers = DOERS): BoundStep | undefined {
  switch (spec.kind) {
    case 'deploy':
      return undefined;
    case 'engine':
      return bind(doers.engine, spec);
    case 'models':
      return bind(doers.models, spec);
    case 'import':
      return bind(doers.import, spec);
    case 'use':
      return bind(doers.use, spec);
    case 'select':
      return bind(doers.select, spec);
    case 'negatives':
      return bind(doers.negatives, spec);
    case 'prepare':
      return bind(doers.prepare, spec);
    case 'split':
      return bind(doers.split, spec);
    case 'kb':
      return bind(doers.kb, spec);
    case 'train':
      return bind(doers.train, spec);
    case 'evaluate':
      return bind(doers.evaluate, spec);
    case 'gate':
      return bind(doers.gate, spec);
  }
}

function bind<K extends ResultKind>(doer: StepDoer<K>, spec: Doing<K>['spec']): BoundStep {
  return {
    version: doer.version,
    facts: async (world, needs) => doer.facts(world, spec, needs),
    there: async (world, made) => doer.there(world, made),
    make: (doing) => doer.make({ ...doing, spec }),
    expect: (world, needs) => doer.expect?.(world, spec, needs) ?? null,
  };
}
