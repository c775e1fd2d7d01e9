import { isSlurm } from '../../hosts/types.ts';
import { mostNodes } from '../../training/nodes.ts';
import { MOST_NODES } from '../../training/types.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';
import type { FormField } from '../form.ts';
import { hostOfLauncher } from '../host-choice.ts';
import { askNumber } from './form-parts.ts';

/** On how many nodes it trains; nothing where no Slurm gives any. */
export function nodeFields(context: ScreenContext): FormField[] {
  const { form, configure } = context.training.getState();
  const { launcher, nodes } = form;
  if (!isSlurm(launcher ?? undefined)) return [];
  const most = mostOf(context);
  return [
    {
      id: 'nodes',
      title: t('train.field.nodes'),
      about: t('training.about.nodes'),
      value: String(nodes ?? 1),
      ...(most === undefined ? {} : { note: t('train.nodes.most', most) }),
      ...(nodes === null ? {} : { tone: 'changed' as const, reset: () => configure({ nodes: null }) }),
      change: () =>
        askNumber(context, {
          title: t('train.field.nodes'),
          text: t('training.about.nodes'),
          initial: nodes,
          problem: (value) => problemOf(value, most?.nodes),
          take: (value) => configure({ nodes: value }),
        }),
    },
  ];
}

/** That the partition has fewer nodes than were asked for: another host may have been chosen since. */
export function whyNoNodes(context: ScreenContext): string | undefined {
  const { launcher, nodes } = context.training.getState().form;
  return isSlurm(launcher ?? undefined) && nodes !== null ? problemOf(nodes, mostOf(context)?.nodes) : undefined;
}

function mostOf({ training }: ScreenContext): { nodes: number; partition: string } | undefined {
  const { form, hosts } = training.getState();
  const host = hostOfLauncher(hosts, form.launcher);
  const most = host && mostNodes(host);
  return most && { nodes: most.nodes, partition: most.partition ?? t('train.nodes.largest') };
}

function problemOf(value: number, most = MOST_NODES): string | undefined {
  const max = Math.min(most, MOST_NODES);
  if (Number.isInteger(value) && value <= max) return undefined;
  return t('train.outOfRange', { name: t('train.field.nodes'), range: t('train.range', { min: 1, max }) });
}
