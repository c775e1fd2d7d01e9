import { shellWord } from '../../platform/shell-word.ts';
import type { RecipePlan } from '../plan.ts';
import { isOf } from '../steps/types.ts';
import {
  isAchieved,
  type Made,
  type MadeOf,
  type RecipeStatus,
  type RecipeWork,
  type StepResult,
  type StepStatus,
} from '../types.ts';
import { type Block, code, heading, list, table, text, verdict } from './blocks.ts';
import { type EvaluationPart, evaluationBlocks } from './evaluation.ts';
import type { MachineText } from './machine.ts';
import { planVariantText, statusOfVariant } from './variants.ts';

/** All that a report of a recipe tells; gathered in `write.ts`. */
export interface RecipeReportInput {
  readonly work: RecipeWork;
  readonly about: string;
  readonly plan: RecipePlan;
  readonly status: RecipeStatus;
  /** What steps made, by their ids. */
  readonly results: ReadonlyMap<string, StepResult>;
  readonly evaluations: readonly EvaluationPart[];
  readonly machine: MachineText;
  readonly job: string;
  readonly at: string;
}

/** The report of a recipe, the verdicts first. Pure. */
export function recipeReport(input: RecipeReportInput): Block[] {
  const { work, about, status, evaluations } = input;
  const open = status.steps.filter((step) => !isAchieved(step));
  return [
    heading(1, `Recipe ${work.name}`),
    ...(about ? [text(about)] : []),
    ...(open.length > 0
      ? [
          verdict(
            `Not finished: ${open.map(({ title, state }) => `${title} ${state}`).join(', ')}. What is told here is what was done.`,
          ),
        ]
      : []),
    ...evaluations.flatMap(({ title, verdicts }) =>
      verdicts.map((sentence) => verdict(evaluations.length > 1 ? `${title}: ${sentence}` : sentence)),
    ),
    ...gateBlocks(input),
    ...sweepBlocks(input),
    heading(2, 'Data'),
    ...dataBlocks(input),
    ...trainingBlocks(input),
    ...servingBlocks(input),
    ...evaluations.flatMap(evaluationBlocks),
    heading(2, 'What was done'),
    ...stepBlocks(input),
    ...machineBlocks(input),
    ...repeatBlocks(input),
  ];
}

function made<T extends Made['type']>(
  { results, status }: RecipeReportInput,
  type: T,
): { step: StepStatus; result: StepResult; made: MadeOf<T> }[] {
  return status.steps.flatMap((step) => {
    const result = results.get(step.id);
    return result && isOf(result.made, type) ? [{ step, result, made: result.made }] : [];
  });
}

export const clock = (seconds: number | null): string => {
  if (seconds === null) return 'unknown';
  const whole = Math.round(seconds);
  if (whole < 60) return `${seconds < 10 ? seconds.toFixed(1) : whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};

function gateBlocks(input: RecipeReportInput): Block[] {
  const gates = made(input, 'gate');
  return gates.length === 0
    ? []
    : [
        heading(2, `Gates: ${gatesText(gates.map((one) => one.made))}`),
        ...list(
          gates.flatMap(({ made: { sentences } }) => sentences.map(({ answer, sentence }) => `${answer}: ${sentence}`)),
        ),
      ];
}

function gatesText(gates: readonly MadeOf<'gate'>[]): string {
  if (gates.some(({ says }) => says === 'no')) return 'NO';
  const open = gates.some(({ sentences }) => sentences.some(({ answer }) => answer === 'cannot tell'));
  return open ? 'no "no", but not all can be told' : 'passed';
}

/** Which variant came out how: the primary metric of each of its evaluations. */
function sweepBlocks(input: RecipeReportInput): Block[] {
  const { plan, evaluations } = input;
  if (plan.variants.length === 0) return [];
  const rows = plan.variants.flatMap((values, at) =>
    evaluations
      .filter(({ variants }) => variants.includes(at + 1))
      .flatMap(({ title, primary, means }) =>
        means.map(({ column, mean }) => [String(at + 1), planVariantText(values), title, column, `${primary} ${mean}`]),
      ),
  );
  return [
    heading(2, 'Variants'),
    text(
      'Columns of different variants were asked the same questions; what one variant has in common with another was done once. Of many variants the best one looks better than it is: confirm it on other questions.',
    ),
    ...table(['variant', 'sets', 'evaluation', 'column', 'points of 100 [95 %]'], rows),
  ];
}

function dataBlocks(input: RecipeReportInput): Block[] {
  const datasets = made(input, 'dataset');
  const kbs = made(input, 'kb');
  return [
    ...table(
      ['step', 'dataset', 'version', 'kind', 'rows', 'contexts', 'parts', 'rows that share a context with train'],
      datasets.map(({ step, made: { dataset, version, rowKind, rows, contexts, split } }) => [
        step.title,
        dataset,
        version,
        rowKind,
        String(rows),
        String(contexts),
        split ? split.parts.map(({ name, rows: n }) => `${name} ${n}`).join(', ') : '–',
        split
          ? split.parts
              .filter(({ name }) => name !== 'train')
              .map(({ name, sharedWithTrain }) => `${name} ${sharedWithTrain}`)
              .join(', ') || '–'
          : '–',
      ]),
    ),
    ...list([
      ...new Set(
        datasets.flatMap(({ step, made: { notes, split } }) => [
          ...(split ? [`${step.title}: ${split.reason}`] : []),
          ...notes.slice(-2).map((note) => `${step.title}: ${note}`),
        ]),
      ),
    ]),
    ...table(
      ['knowledge base', 'documents', 'chunks', 'embedders'],
      kbs.map(({ made: { kb, documents, chunks, embedders } }) => [
        kb,
        String(documents),
        String(chunks),
        embedders.join(', '),
      ]),
    ),
  ];
}

function trainingBlocks(input: RecipeReportInput): Block[] {
  const models = made(input, 'model');
  if (models.length === 0) return [];
  return [
    heading(2, 'Trainings'),
    ...table(
      [
        'training',
        'made',
        'base',
        'trained on',
        'rows',
        'steps',
        'loss: mean of the first and of the last quarter',
        'took',
        'job',
      ],
      models.map(({ step, result, made: one }) => [
        `${step.name}${statusOfVariant(step)}`,
        one.launcher === undefined ? one.name : `${one.name} (trained on ${one.launcher})`,
        one.base,
        one.dataset,
        String(one.rows),
        one.steps === null ? 'unknown' : String(one.steps),
        one.firstLoss === null || one.lastLoss === null
          ? 'not logged'
          : `${one.firstLoss.toFixed(3)} → ${one.lastLoss.toFixed(3)}`,
        clock(result.seconds),
        result.job ?? '–',
      ]),
    ),
  ];
}

function servingBlocks({ status }: RecipeReportInput): Block[] {
  const servers = status.steps.filter(({ kind }) => kind === 'deploy');
  if (servers.length === 0) return [];
  return [
    heading(2, 'Deployments'),
    ...table(
      ['deployment', 'state', 'what', 'until it answered', 'job'],
      servers.map(({ name, state, detail, seconds, job }) => [
        name,
        state,
        detail,
        state === 'unneeded' ? '–' : clock(seconds),
        job ?? '–',
      ]),
    ),
  ];
}

function stepBlocks({ status }: RecipeReportInput): Block[] {
  const total = status.steps.reduce((sum, { state, seconds }) => (state === 'done' ? sum + (seconds ?? 0) : sum), 0);
  return [
    ...table(
      ['step', 'state', 'took', 'what came of it'],
      status.steps.map((step) => [
        `${step.title}${statusOfVariant(step)}`,
        step.state,
        step.state === 'kept'
          ? `${clock(step.seconds)}, earlier`
          : step.state === 'unneeded'
            ? '–'
            : clock(step.seconds),
        step.detail,
      ]),
    ),
    text(
      `Steps that were done this time took ${clock(total)} together; "kept" ones were done earlier and nothing of them changed since.`,
    ),
  ];
}

function machineBlocks(input: RecipeReportInput): Block[] {
  const engines = made(input, 'engine');
  return [
    heading(2, 'What it ran on'),
    ...list([
      ...input.machine.lines,
      ...engines.map(
        ({ step, made: { device, versions } }) =>
          `${step.name} (${device}): ${Object.entries(versions)
            .map((one) => one.join(' '))
            .join(', ')}`,
      ),
      ...made(input, 'models').map(({ made: { models } }) => `Models by name: ${models.join(', ')}`),
    ]),
  ];
}

function repeatBlocks({ work, job, at }: RecipeReportInput): Block[] {
  const vars = Object.entries(work.vars).map(([name, value]) => ` --var ${name}=${shellWord(String(value))}`);
  return [
    heading(2, 'How to repeat it'),
    code(`ragtui recipe run ${work.name}.yaml${vars.join('')} --wait`),
    text(`Job ${job}, report of ${at}. The recipe, as it was run:`),
    code(work.text),
  ];
}
