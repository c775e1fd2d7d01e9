import { scoreText } from '../evaluation/score-text.ts';
import { farLauncher } from '../hosts/types.ts';
import { DETAIL } from './details.ts';
import type { StepSpec } from './plan.ts';
import type { Made, MadeOf } from './types.ts';

const onHost = (where: string | undefined): string => {
  const launcher = farLauncher(where);
  return launcher === undefined ? '' : ` (${launcher})`;
};

/** What a step does, in a few words. Pure. */
export function stepTitle(spec: StepSpec, name: string): string {
  switch (spec.kind) {
    case 'engine':
      return `engine ${spec.engine}${onHost(spec.launcher)}`;
    case 'models':
      return `models ${spec.models.join(', ')}`;
    case 'import':
      return `import ${name}`;
    case 'use':
      return `dataset ${spec.dataset}`;
    case 'select':
      return `rows of ${name}`;
    case 'negatives':
      return `negatives of ${name}`;
    case 'prepare':
      return `prepare ${name}`;
    case 'split':
      return `split ${name}`;
    case 'kb':
      return `knowledge base ${name}`;
    case 'train':
      return `train ${name}${onHost(spec.launcher)}`;
    case 'deploy':
      return `serve ${name}${onHost(spec.launcher)}`;
    case 'evaluate':
      return `evaluate ${name}`;
    case 'gate':
      return `gate on ${name}`;
  }
}

/** What came of a step, in a few words. Pure. */
export function doneText(made: Made): string {
  switch (made.type) {
    case 'engine':
      return `${made.device}, ${Object.entries(made.versions)
        .slice(0, 2)
        .map((one) => one.join(' '))
        .join(', ')}`;
    case 'models':
      return made.models.join(', ');
    case 'dataset': {
      const parts = made.split?.parts.map(({ name, rows }) => `${name} ${rows}`).join(', ');
      return `${made.dataset}, ${made.rows} rows${parts ? ` (${parts})` : ''}`;
    }
    case 'kb':
      return `${made.kb}, ${made.documents} documents, ${made.chunks} chunks`;
    case 'model': {
      const loss =
        made.firstLoss === null || made.lastLoss === null
          ? ''
          : `, loss ${made.firstLoss.toFixed(3)} → ${made.lastLoss.toFixed(3)}`;
      return `${made.name}${onHost(made.launcher)}, ${made.rows} rows, ${made.steps ?? 'unknown'} steps${loss}`;
    }
    case 'server':
      return serverText(made);
    case 'run':
      return `${made.items} items, ${made.primary} ${made.columns.map(({ name, mean }) => `${name} ${mean === null ? 'missing' : scoreText(made.primary, mean)}`).join(', ')}${made.errors > 0 ? `, ${made.errors} errors` : ''}`;
    case 'gate':
      return gateText(made);
  }
}

/** What a server answers with, and on what it runs. Pure. */
export const serverText = ({
  model,
  adapters,
  engine,
  launcher,
}: Pick<MadeOf<'server'>, 'model' | 'adapters' | 'engine' | 'launcher'>): string =>
  `${[model, ...adapters].join(', ')} on ${engine}${onHost(launcher)}`;

/** `passed` only where the figures say so: an interval that holds the bound stops nothing, and proves nothing. */
function gateText({ says, sentences }: MadeOf<'gate'>): string {
  if (says === 'no') return DETAIL.notPassed;
  const open = sentences.filter(({ answer }) => answer === 'cannot tell').length;
  return open === 0 ? DETAIL.passed : `not stopped: ${open} of ${sentences.length} cannot be told`;
}
